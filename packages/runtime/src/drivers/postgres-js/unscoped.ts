/**
 * Work outside tenants: on an instance of its own with a role of its own, with a reason, recorded first. Must never
 * fall back to the tenants' connections.
 */
import { emitEvent } from "../../context/events.ts";
import { failure } from "../../errors/errors.ts";
import { checkSql, type PostgresJsLike } from "./shapes.ts";

/** Why somebody leaves isolation. */
export interface UnscopedOptions {
  /** Written to the audit log. */
  readonly reason: string;
}

/** Runs `fn` with the instance meant for unscoped work. */
export async function runUnscoped<S extends PostgresJsLike, R>(
  sql: S | undefined,
  options: UnscopedOptions,
  fn: (sql: S) => Promise<R>,
): Promise<R> {
  const reason = typeof options?.reason === "string" ? options.reason.trim() : "";
  if (reason === "") throw failure("WT_UNSCOPED", { detail: "no reason given" });
  if (sql === undefined) throw failure("WT_UNSCOPED", { detail: "no connection configured" });
  // First the record, then the work: what can't be recorded does not happen.
  await checkSql(sql).unsafe(
    "select watertight.audit('unscoped', null, $1::text::jsonb)",
    [JSON.stringify({ reason })],
    { simple: false },
  );
  emitEvent("unscoped", { reason });
  return fn(sql);
}
