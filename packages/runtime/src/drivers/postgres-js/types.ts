/**
 * The public shapes. The template's types are those of the user's own instance, so that `sql<User[]>`, the helpers and
 * custom types check as they do without us; nothing is imported from postgres.js, not even a type.
 */

/** A row. */
// oxlint-disable-next-line typescript/no-explicit-any -- as in postgres.js: the caller names the row's type
export type Row = Record<string, any>;

/** Rows as postgres.js returns them: an array with the statement's outcome. */
export interface Rows<R = Row> extends Array<R> {
  /** Rows returned or changed. */
  readonly count: number;
  /** Such as `SELECT`. */
  readonly command: string;
  readonly columns: readonly { readonly name: string; readonly type: number }[];
}

/** One statement of a batch. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** What of an instance would send by itself, without a tenant. */
type Sending =
  | "begin"
  | "close"
  | "end"
  | "file"
  | "largeObject"
  | "listen"
  | "notify"
  | "reserve"
  | "savepoint"
  | "subscribe";

/**
 * The tagged template of an instance with its helpers, scoped. Members that would send by themselves are not there;
 * `unsafe` takes one statement only.
 */
export type ScopedSql<S> = S & { readonly [M in Sending]: never };

/** What one call may add. */
export interface CallOptions {
  /** Server-side limit for this statement, in milliseconds; it is rolled back when it runs longer. */
  readonly statementTimeoutMs?: number;
  /** Cancels the statement; its connection is closed. */
  readonly signal?: AbortSignal;
  /** False: without a statement name, planned anew each time. */
  readonly prepare?: boolean;
}
