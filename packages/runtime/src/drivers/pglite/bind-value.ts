/**
 * From a JavaScript value to what Bind sends. PGlite asks the server for parameter types first; that is a call of its
 * own, so here the JavaScript type decides, by the rules that node-postgres has. Where they don't fit, the caller names
 * the SQL types.
 */
import { failure } from "../../errors/errors.ts";
import type { WireValue } from "../../scope/wire.ts";

/** @throws ConfigurationError WT_CONFIG for a value that no SQL value corresponds to */
export function bindValue(value: unknown): WireValue {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    case "object":
      if (value instanceof Uint8Array) return value;
      if (value instanceof ArrayBuffer) return new Uint8Array(value);
      if (value instanceof Date) return value.toISOString();
      if (Array.isArray(value)) return arrayText(value);
      return JSON.stringify(value);
    default:
      throw failure("WT_CONFIG", { detail: `a ${typeof value} can't be a value` });
  }
}

// Array literal; objects inside are JSON, bytes are hex.
function arrayText(values: readonly unknown[]): string {
  return `{${values.map(elementText).join(",")}}`;
}

function elementText(value: unknown): string {
  if (Array.isArray(value)) return arrayText(value);
  const bound = bindValue(value);
  if (bound === null || bound === undefined) return "NULL";
  const text = typeof bound === "string" ? bound : `\\x${Buffer.from(bound).toString("hex")}`;
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
