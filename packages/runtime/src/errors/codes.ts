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

const row = (kind: ErrorKind, what: string, next: string, retryable: boolean = false): CodeEntry => ({
  kind,
  retryable,
  what,
  next,
});

const config = (what: string, next: string): CodeEntry => row('ConfigurationError', what, next);
const context = (what: string, next: string): CodeEntry => row('ContextError', what, next);
const database = (what: string, next: string, retryable?: boolean): CodeEntry =>
  row('DatabaseError', what, next, retryable);

/** The table itself. */
export const errorCodes: Readonly<Record<ErrorCode, CodeEntry>> = {
  WT_CONFIG: config('An option is missing or has a value that is not accepted.', 'Correct the option named in the message.'),
  WT_DRIVER_UNSUPPORTED: config(
    'The database driver handed in is too old, a look-alike, or in a mode that cannot be scoped.',
    'Hand in the real module; for node-postgres that is pg 8.21 or newer, not pg.native, without pipeline mode.',
  ),
  WT_KEY_INVALID: config(
    'The signing key is missing or malformed.',
    'Set WATERTIGHT_KEY (or the option key) to kid:base64url(32 bytes), as printed by `watertight kit install`.',
  ),
  WT_KIT_MISSING: config(
    'The database has no Watertight kit, or this role may not use it.',
    'Run `watertight kit install` on this database and connect as the app role.',
  ),
  WT_KIT_TOO_OLD: config(
    'The kit in the database is older than this runtime needs.',
    'Run `watertight kit install` again: it upgrades in place.',
  ),
  WT_LEVEL_MISMATCH: config(
    'The runtime and the database are set to different protection levels.',
    'Use the level the kit was installed with, or install the kit at the level you want.',
  ),
  WT_ROLE_UNSAFE: config(
    'The connection role is a superuser, has BYPASSRLS or owns protected tables, so row security does not bind it.',
    'Connect as the app role made by `watertight kit install`.',
  ),
  WT_ROLE_NOT_HARDENED: config(
    'The connection role may create temporary or permanent objects, which defeats level sealed.',
    'Revoke the rights shown by `watertight kit status`, or use level hostile.',
  ),
  WT_CONTEXT_LEAK: config(
    'The start-up probe saw a transaction-local setting in another transaction, or a bound value that came back changed.',
    'Do not use this pooler or engine for tenant data; connect directly or use a supported pooler.',
  ),
  WT_TOKEN_REFUSED: config(
    'The database refused the context token.',
    'Compare WATERTIGHT_KEY with the keys in the database (`watertight kit status`) and check both clocks.',
  ),
  WT_UNSCOPED: config(
    'Unscoped access needs a reason and a connection of its own.',
    'Give {reason} and the option unscoped (or WATERTIGHT_UNSCOPED_URL).',
  ),
  WT_NO_TENANT: context(
    'There is no tenant context here, so nothing was sent.',
    'Run the code inside tenancy.run(tenant, fn), or use pool.for(tenant).',
  ),
  WT_TENANT_INVALID: context(
    'The tenant id is not a valid id of the configured type, so nothing was sent.',
    'Resolve the tenant from a verified source, and check the option tenantIdType.',
  ),
  WT_TENANT_MISMATCH: context(
    'This connection or handle belongs to one tenant and was used for another.',
    'Open a new scope for the other tenant; never share a client, transaction or handle between tenants.',
  ),
  WT_SECOND_TENANT: context(
    'A second tenant was opened in one transaction.',
    'One transaction serves one tenant: end it first.',
  ),
  WT_CONTEXT_LOST: context(
    'The database saw a tenant table read or written without a context in this transaction.',
    'Do not end or chain transactions by hand inside a scope, and query through the tenant pool.',
  ),
  WT_SCOPE_ENDED: context(
    'A transaction, savepoint or connection was used after it had ended.',
    'Await every query before the function given to transaction() returns, and before release().',
  ),
  WT_NEEDS_TRANSACTION: context(
    'Cursors, streams and COPY keep state between messages and need a transaction with an open context.',
    'Use pool.for(tenant).transaction() or stream(), or BEGIN on the client first.',
  ),
  WT_SIMPLE_PROTOCOL: context(
    'The query object uses the simple protocol, which permits stacked statements, so it was refused.',
    'For COPY use tx.copyTo() and tx.copyFrom().',
  ),
  WT_ACCESS_DENIED: row(
    'AccessDeniedError',
    'The database refused the statement for this role or tenant.',
    'Treat it as a security event: find out who asked. For a missing grant run `watertight kit status`.',
  ),
  WT_ROW_NOT_FOUND: row(
    'AccessDeniedError',
    'No such row for this tenant.',
    'Answer 404. If the row belongs to somebody else the operator sees a probe event; the caller never learns which.',
  ),
  WT_TENANT_NOT_SERVED: database(
    'This database does not serve the tenant (unknown, suspended, or moved).',
    'Register the tenant, or give the pool a route source so that it can follow a move.',
    true,
  ),
  WT_STATEMENT_TIMEOUT: database('The statement ran into its time limit and was rolled back.', 'Raise statementTimeoutMs or make the query faster.', true),
  WT_QUERY_TIMEOUT: database(
    'No answer within query_timeout. The outcome is unknown: the statement may have been committed.',
    'Check before you repeat a write. Prefer statementTimeoutMs, which rolls back.',
  ),
  WT_ABORTED: database(
    'The AbortSignal fired. A statement already sent was cancelled, its outcome is unknown.',
    'Check before you repeat a write.',
  ),
  WT_TRANSACTION_LEFT_OPEN: database(
    'A single query left a transaction open, so its connection was closed.',
    'Use transaction(), or connect() a client for BEGIN … COMMIT.',
  ),
  WT_ROLLED_BACK: database(
    'COMMIT was answered with ROLLBACK: an earlier statement of the transaction had failed.',
    'Do not swallow errors inside a transaction; use savepoint() for statements that may fail.',
    true,
  ),
  WT_COPY: database('COPY cannot run as a single query.', 'Use tx.copyFrom() or tx.copyTo() inside transaction().'),
  WT_OPERATION_FAILED: row(
    'OperationError',
    'A control-plane operation did not complete.',
    'Read the operation log; operations are safe to run again.',
    true,
  ),
};
