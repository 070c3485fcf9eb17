/**
 * From postgres.js's errors to ours. An ordinary SQL error stays postgres.js's own object, because code that uses the
 * driver looks at its `code`.
 */
import { emitEvent } from "../../context/events.ts";
import { isWatertightError } from "../../errors/errors.ts";
import { type Condition, conditionOf, explain, type SqlError } from "../../scope/classify.ts";

/** A database error under the names that the core reads; postgres.js calls two of them differently. */
export function asSqlError(error: unknown): SqlError {
  if (typeof error !== "object" || error === null) return { message: String(error) };
  const native = error as SqlError & { constraint_name?: string; table_name?: string };
  for (const [name, value] of [
    ["constraint", native.constraint_name],
    ["table", native.table_name],
  ] as const)
    if (!(name in native) && value !== undefined) Object.defineProperty(native, name, { value });
  return native;
}

/** What an error means for a scoped call. */
export function readError(error: unknown): Condition | undefined {
  return isWatertightError(error) ? undefined : conditionOf(asSqlError(error));
}

/** The error to deliver. */
export function translate(error: unknown, tenant: string, timed: boolean): unknown {
  const condition = readError(error);
  const sqlError = condition === undefined ? undefined : asSqlError(error);
  const ours = sqlError && explain(condition, sqlError, timed);
  if (ours === undefined) return error;
  if (condition === "denied" || condition === "no-context" || condition === "second-tenant") {
    const { table: relation, code: sqlstate } = sqlError as SqlError;
    emitEvent("denied", { code: ours.code, tenant, ...(relation && { relation }), ...(sqlstate && { sqlstate }) });
  }
  return ours;
}
