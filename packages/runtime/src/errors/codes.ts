/**
 * The one table of error codes: who must act, whether trying again can help, what happened, what to do.
 * docs/errors.md documents every row; a test compares table, docs and types in both directions.
 * Texts here must never contain a tenant id, a token or a row value.
 */

/** Every code that a {@link WatertightError} can carry. Codes are permanent. */
export type ErrorCode =
  | 'WT_CONFIG'
  | 'WT_DRIVER_UNSUPPORTED'
  | 'WT_KEY_INVALID'
  | 'WT_KIT_MISSING'
  | 'WT_KIT_TOO_OLD'
  | 'WT_LEVEL_MISMATCH'
  | 'WT_ROLE_UNSAFE'
  | 'WT_ROLE_NOT_HARDENED'
  | 'WT_CONTEXT_LEAK'
  | 'WT_TOKEN_REFUSED'
  | 'WT_UNSCOPED'
  | 'WT_NO_TENANT'
  | 'WT_TENANT_INVALID'
  | 'WT_TENANT_MISMATCH'
  | 'WT_SECOND_TENANT'
  | 'WT_CONTEXT_LOST'
  | 'WT_SCOPE_ENDED'
  | 'WT_NEEDS_TRANSACTION'
  | 'WT_SIMPLE_PROTOCOL'
  | 'WT_ACCESS_DENIED'
  | 'WT_ROW_NOT_FOUND'
  | 'WT_TENANT_NOT_SERVED'
  | 'WT_STATEMENT_TIMEOUT'
  | 'WT_QUERY_TIMEOUT'
  | 'WT_ABORTED'
  | 'WT_TRANSACTION_LEFT_OPEN'
  | 'WT_ROLLED_BACK'
  | 'WT_COPY'
  | 'WT_OPERATION_FAILED';

/** Which error class carries a code, that is: who must act. */
export type ErrorKind =
  | 'ConfigurationError'
  | 'ContextError'
  | 'AccessDeniedError'
  | 'DatabaseError'
  | 'OperationError';

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

const config = row('ConfigurationError');
const context = row('ContextError');
const denied = row('AccessDeniedError');
const database = row('DatabaseError');
const passing = row('DatabaseError', true);
const operation = row('OperationError', true);

/** The table itself. Texts are short because they ship with every application; docs/errors.md says more. */
export const errorCodes: Readonly<Record<ErrorCode, CodeEntry>> = {
  WT_CONFIG: config('Option missing or not accepted.', 'Correct it.'),
  WT_DRIVER_UNSUPPORTED: config('This driver can not be scoped.', 'Use the real pg, 8.21 or newer, not native, no pipeline mode.'),
  WT_KEY_INVALID: config('Signing key missing or malformed.', 'Set WATERTIGHT_KEY as printed by `watertight kit install`.'),
  WT_KIT_MISSING: config('No Watertight kit for this role in this database.', 'Run `watertight kit install`; connect as the app role.'),
  WT_KIT_TOO_OLD: config('The kit in this database is too old.', 'Run `watertight kit install`; it upgrades.'),
  WT_LEVEL_MISMATCH: config('Runtime and kit have different levels.', 'Use the level of the kit.'),
  WT_ROLE_UNSAFE: config('Row security does not bind this role.', 'Connect as the app role.'),
  WT_ROLE_NOT_HARDENED: config('This role may create objects.', 'Revoke what `watertight kit status` shows, or use level hostile.'),
  WT_CONTEXT_LEAK: config('The start-up probe saw a setting cross transactions.', 'Connect without this pooler.'),
  WT_TOKEN_REFUSED: config('The database refused the context token.', 'Compare WATERTIGHT_KEY with `watertight kit status`, and both clocks.'),
  WT_UNSCOPED: config('Unscoped access needs a reason and its own connection.', 'Give {reason} and the option unscoped.'),
  WT_NO_TENANT: context('No tenant context; nothing was sent.', 'Use tenancy.run(tenant, fn) or pool.for(tenant).'),
  WT_TENANT_INVALID: context('Not a valid tenant id; nothing was sent.', 'Check its source and the option tenantIdType.'),
  WT_TENANT_MISMATCH: context('Used for another tenant than its own.', 'Open a scope for the other tenant.'),
  WT_SECOND_TENANT: context('A second tenant in one transaction.', 'End the transaction first.'),
  WT_CONTEXT_LOST: context('A tenant table was used without a context.', 'Do not end or chain transactions by hand inside a scope.'),
  WT_SCOPE_ENDED: context('Used after its end.', 'Await every query before it ends.'),
  WT_NEEDS_TRANSACTION: context('Cursors, streams and COPY need a transaction.', 'Use transaction() or stream().'),
  WT_SIMPLE_PROTOCOL: context('The simple protocol permits stacked statements.', 'Use tx.copyTo() or tx.copyFrom().'),
  WT_ACCESS_DENIED: denied('The database refused the statement.', 'Treat it as a security event; for a missing grant see `watertight kit status`.'),
  WT_ROW_NOT_FOUND: denied('No such row for this tenant.', 'Answer 404.'),
  WT_TENANT_NOT_SERVED: passing('This database does not serve the tenant.', 'Register it, or give the pool a route source.'),
  WT_STATEMENT_TIMEOUT: passing('Time limit exceeded; rolled back.', 'Raise statementTimeoutMs or speed the query up.'),
  WT_QUERY_TIMEOUT: database('No answer within query_timeout; outcome unknown.', 'Check before repeating a write; prefer statementTimeoutMs.'),
  WT_ABORTED: database('Aborted by signal; outcome of what was sent unknown.', 'Check before repeating a write.'),
  WT_TRANSACTION_LEFT_OPEN: database('A single query left a transaction open; connection closed.', 'Use transaction() or connect().'),
  WT_ROLLED_BACK: passing('COMMIT was answered with ROLLBACK: a statement had failed.', 'Use savepoint() for statements that may fail.'),
  WT_COPY: database('COPY can not run as a single query.', 'Use tx.copyFrom() or tx.copyTo().'),
  WT_OPERATION_FAILED: operation('An operation did not complete.', 'Read its log; it is safe to run again.'),
};
