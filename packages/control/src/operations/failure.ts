/** Errors as an operation stores them, and which of them pass by themselves. Must never store a connection string or a row's value. */
import type { OperationFailure } from "./operation.ts";

// SQLSTATE classes and codes that pass: connections, resources, locks, serialisation, a template in use, somebody shutting down
const passingStates = /^(08|53|57P0[1-3]|55P03|55006|40001|40P01)/;
const passingSystem = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** Whether the same step may succeed when it is tried again later. */
export function isPassing(error: unknown): boolean {
  const { code, retryable, message } = error as { code?: unknown; retryable?: unknown; message?: unknown };
  // a full disk is for a person: trying again fills the log as well
  if (code === "53100") return false;
  if (retryable === true) return true;
  if (typeof code === "string" && (passingStates.test(code) || passingSystem.has(code))) return true;
  return (
    typeof message === "string" &&
    /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
      message,
    )
  );
}

/** An error as it is stored and shown: code, message, the next step. */
export function failureOf(error: unknown, step?: string): OperationFailure {
  const { code, message, hint } = error as { code?: unknown; message?: unknown; hint?: unknown };
  return {
    code: typeof code === "string" ? code : "WT_UNEXPECTED",
    message: redact(typeof message === "string" ? message : String(error)).slice(0, 2000),
    ...(typeof hint === "string" && hint !== "" ? { hint: redact(hint).slice(0, 500) } : {}),
    ...(step === undefined ? {} : { step }),
  };
}

function redact(text: string): string {
  return text
    .replaceAll(/\b(postgres(?:ql)?:\/\/[^:@/\s]*):[^@\s]*@/g, "$1:…@")
    .replaceAll(/\b(password\s*(?:=|:)?\s*)'[^']*'/gi, "$1'…'");
}
