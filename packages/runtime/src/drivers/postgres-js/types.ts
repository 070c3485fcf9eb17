/**
 * The public shapes. postgres.js's own types are used for rows and templates, so that `sql<User[]>` and the helpers
 * check as they do without us; nothing of postgres.js is imported at run time.
 */
import type postgres from "postgres";

/** The map of custom types of an instance. */
export type Types = Record<string, unknown>;

/** A row. */
export type Row = postgres.Row;

/** One statement of a batch. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/**
 * postgres.js's tagged template with its helpers. `sql.file` and `sql.notify` are missing because they would send by
 * themselves; `sql.unsafe` takes one statement only.
 */
export type ScopedSql<T extends Types = Record<string, never>> = postgres.ISql<T> & {
  readonly file: never;
  readonly notify: never;
};

/** What one call may add. */
export interface CallOptions {
  /** Server-side limit for this statement, in milliseconds; it is rolled back when it runs longer. */
  readonly statementTimeoutMs?: number;
  /** Cancels the statement; its connection is closed. */
  readonly signal?: AbortSignal;
  /** False: without a statement name, planned anew each time. */
  readonly prepare?: boolean;
}
