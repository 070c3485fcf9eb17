/**
 * From a database error to what it means for a scoped query. Pure. Only our own conditions become WatertightErrors;
 * everything else stays the driver's error, because ORMs look at its SQLSTATE.
 */
import type { ErrorCode } from "../errors/codes.ts";
import { failure, type WatertightError } from "../errors/errors.ts";

/** The fields of a driver's database error that are read here. */
export interface SqlError {
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  readonly constraint?: string | undefined;
  readonly table?: string | undefined;
  /** The server's C function. */
  readonly routine?: string | undefined;
  readonly message: string;
}

/** What happened, in our words. */
export type Condition =
  | "token-expired"
  | "token-refused"
  | "not-served"
  | "second-tenant"
  | "no-context"
  | "stale-snapshot"
  | "statement-lost"
  | "cancelled"
  | "denied";

// By SQLSTATE: the condition, and the code of the error that is delivered.
const table: Record<string, readonly [Condition, ErrorCode?]> = {
  WT001: ["token-refused", "WT_TOKEN_REFUSED"],
  WT002: ["not-served", "WT_TENANT_NOT_SERVED"],
  WT003: ["second-tenant", "WT_SECOND_TENANT"],
  WT004: ["no-context", "WT_CONTEXT_LOST"],
  // 0A000: the plan under a name no longer fits; 26000, 42P05: our book and the server's differ.
  "0A000": ["statement-lost"],
  "26000": ["statement-lost"],
  "42P05": ["statement-lost"],
  "57014": ["cancelled", "WT_STATEMENT_TIMEOUT"],
  "42501": ["denied", "WT_ACCESS_DENIED"],
};

const fromContext = new WeakSet<object>();

/**
 * Notes that an error is the context statement's own answer. Any statement can raise any SQLSTATE with any DETAIL: believed from
 * a query, WT002 would let SQL injected into one tenant's request send the runtime, with its tokens, to another server (Q9).
 */
export function markContextError(error: object): void {
  fromContext.add(error);
}

/** The condition behind a database error, or undefined for an ordinary SQL error, or one that only imitates ours. */
export function conditionOf(error: SqlError): Condition | undefined {
  const { code, detail, constraint } = error;
  const stale = code === "40001" && constraint === "watertight_epoch";
  if ((stale || /^WT00[123]$/.test(code ?? "")) && !fromContext.has(error)) return undefined;
  if (code === "WT001" && detail === "expired") return "token-expired";
  return stale ? "stale-snapshot" : table[code ?? ""]?.[0];
}

/** What a not-served error says about the tenant's place. */
export interface NotServed {
  readonly state: string;
  readonly goto: unknown;
}

/** Reads the DETAIL of WT002; tolerant, because an old kit may say less. */
export function readNotServed(error: SqlError): NotServed {
  const { state, goto } = Object(parse(error.detail)) as Partial<NotServed>;
  // The kit stores a location as JSON text, so it arrives as a string inside JSON.
  return { state: String(state ?? "unknown"), goto: parse(goto) ?? undefined };
}

function parse(value: unknown): unknown {
  try {
    return JSON.parse(value as string);
  } catch {
    return value;
  }
}

/**
 * The error to deliver for a condition, or undefined when the driver's own error is the right one.
 * @param timed whether this call had a statement timeout of ours, so that 57014 is its doing
 */
export function explain(
  condition: Condition | undefined,
  error: SqlError,
  timed: boolean,
): WatertightError | undefined {
  const code = condition && table[error.code ?? ""]?.[1];
  if (!code || (condition === "cancelled" && !timed)) return undefined;
  const state = condition === "not-served" ? readNotServed(error).state : undefined;
  return failure(code, {
    cause: error,
    sqlstate: error.code,
    // What aclcheck_error raises is a right that the role lacks; the text would be in the server's language.
    detail:
      state ??
      (code === "WT_TOKEN_REFUSED" ? error.detail : error.routine === "aclcheck_error" ? "missing grant" : error.table),
    retryable: state === "unknown" ? false : undefined,
  });
}

/** The error to deliver when the handshake failed with a database error. */
export function explainHandshake(error: SqlError): WatertightError | undefined {
  return /^(42883|3F000|42501|42P01)$/.test(error.code ?? "")
    ? failure("WT_KIT_MISSING", { cause: error, sqlstate: error.code })
    : undefined;
}
