/**
 * The one table of error codes: who must act, whether trying again can help, what happened, what to do.
 * docs/errors.md documents every row; a test compares table, docs and types in both directions.
 * Texts here must never contain a tenant id, a token or a row value.
 */

/** Every code that a {@link WatertightError} can carry. Codes are permanent. */
export type ErrorCode =
  | "WT_CONFIG"
  | "WT_DRIVER_UNSUPPORTED"
  | "WT_KEY_INVALID"
  | "WT_KIT_MISSING"
  | "WT_KIT_TOO_OLD"
  | "WT_LEVEL_MISMATCH"
  | "WT_ROLE_UNSAFE"
  | "WT_ROLE_NOT_HARDENED"
  | "WT_CONTEXT_LEAK"
  | "WT_TOKEN_REFUSED"
  | "WT_UNSCOPED"
  | "WT_NO_TENANT"
  | "WT_TENANT_INVALID"
  | "WT_TENANT_MISMATCH"
  | "WT_SECOND_TENANT"
  | "WT_CONTEXT_LOST"
  | "WT_SCOPE_ENDED"
  | "WT_NEEDS_TRANSACTION"
  | "WT_SIMPLE_PROTOCOL"
  | "WT_ACCESS_DENIED"
  | "WT_ROW_NOT_FOUND"
  | "WT_TENANT_NOT_SERVED"
  | "WT_STATEMENT_TIMEOUT"
  | "WT_QUERY_TIMEOUT"
  | "WT_QUEUE_FULL"
  | "WT_QUEUE_TIMEOUT"
  | "WT_ABORTED"
  | "WT_TRANSACTION_LEFT_OPEN"
  | "WT_ROLLED_BACK"
  | "WT_COPY"
  | "WT_OPERATION_FAILED";

/** Which error class carries a code, that is: who must act. */
export type ErrorKind =
  | "ConfigurationError"
  | "ContextError"
  | "AccessDeniedError"
  | "DatabaseError"
  | "OperationError";

/** One row of the table. `retryable` is the default; a single error may know better. */
export interface CodeEntry {
  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly what: string;
  readonly next: string;
}

const row =
  (kind: ErrorKind, retryable: boolean = false) =>
  (what: string, next: string): CodeEntry => ({ kind, retryable, what, next });

const config = row("ConfigurationError");
const context = row("ContextError");
const denied = row("AccessDeniedError");
const database = row("DatabaseError");
const passing = row("DatabaseError", true);
const operation = row("OperationError", true);

/** The table itself. Texts are short because they ship with every application; docs/errors.md says more. */
export const errorCodes: Readonly<Record<ErrorCode, CodeEntry>> = {
  WT_CONFIG: config("Option not accepted.", "Correct it."),
  WT_DRIVER_UNSUPPORTED: config(
    "Driver can not be scoped.",
    "Use pg 8.21+ (not native, no pipeline), postgres 3.4+ or PGlite 0.5+.",
  ),
  WT_KEY_INVALID: config("Key missing or malformed.", "Set WATERTIGHT_KEY as `watertight kit install` prints it."),
  WT_KIT_MISSING: config("No kit for this role here.", "Run `watertight kit install`; connect as the app role."),
  WT_KIT_TOO_OLD: config("Kit too old.", "Run `watertight kit install`."),
  WT_LEVEL_MISMATCH: config("Kit has another level.", "Use the level of the kit."),
  WT_ROLE_UNSAFE: config("Row security does not bind this role.", "Connect as the app role."),
  WT_ROLE_NOT_HARDENED: config("This role may create objects.", "See `watertight kit status`, or use level hostile."),
  WT_CONTEXT_LEAK: config("Settings cross transactions.", "Connect without this pooler."),
  WT_TOKEN_REFUSED: config("Token refused.", "Compare clocks, and the key: `watertight kit status`."),
  WT_UNSCOPED: config("No reason or no connection.", "Give {reason} and the option unscoped."),
  WT_NO_TENANT: context("No tenant; nothing was sent.", "Use tenancy.run(tenant, fn) or pool.for(tenant)."),
  WT_TENANT_INVALID: context("Not a tenant id; nothing was sent.", "Check tenantIdType."),
  WT_TENANT_MISMATCH: context("Belongs to another tenant.", "Open a scope for that tenant."),
  WT_SECOND_TENANT: context("Second tenant in one transaction.", "End it first."),
  WT_CONTEXT_LOST: context("Tenant table used without a context.", "Do not end transactions by hand."),
  WT_SCOPE_ENDED: context("Used after its end.", "Await every query before."),
  WT_NEEDS_TRANSACTION: context("Needs a transaction.", "Use transaction() or stream()."),
  WT_SIMPLE_PROTOCOL: context("The simple protocol is refused.", "Use tx.copyTo() or tx.copyFrom()."),
  WT_ACCESS_DENIED: denied("Refused by the database.", "A security event or a missing grant: `watertight kit status`."),
  WT_ROW_NOT_FOUND: denied("No such row.", "Answer 404."),
  WT_TENANT_NOT_SERVED: passing("Tenant not served here.", "Register it, or give the pool routes."),
  WT_STATEMENT_TIMEOUT: passing("Time limit exceeded; rolled back.", "Raise statementTimeoutMs."),
  WT_QUERY_TIMEOUT: database(
    "No answer in query_timeout; outcome unknown.",
    "Check before repeating a write; prefer statementTimeoutMs.",
  ),
  WT_QUEUE_FULL: passing("Queue full.", "Retry later."),
  WT_QUEUE_TIMEOUT: passing("Queued too long.", "Retry later."),
  WT_ABORTED: database("Aborted; outcome unknown.", "Check before repeating a write."),
  WT_TRANSACTION_LEFT_OPEN: database("Transaction left open; connection closed.", "Use transaction() or connect()."),
  WT_ROLLED_BACK: passing("COMMIT rolled back: a statement had failed.", "Use savepoint()."),
  WT_COPY: database("COPY as a single query.", "Use tx.copyTo() or tx.copyFrom()."),
  WT_OPERATION_FAILED: operation("Not completed.", "Read its log, run it again."),
};
