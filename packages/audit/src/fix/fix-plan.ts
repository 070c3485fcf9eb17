/**
 * What `protect` would write: statements by the lock that they need, what it leaves to the person and why.
 */

/** How a statement can run on a busy database. */
export type Lock =
  /** Changes the catalog only: an exclusive lock for milliseconds. */
  | "short"
  /** Reads the table while it stays in use: VALIDATE CONSTRAINT. */
  | "online"
  /** CREATE INDEX CONCURRENTLY: in a file of its own, outside of a transaction. */
  | "concurrent"
  /** The table takes no writes while it runs: what would be concurrent or in batches, with a tool that runs all in transactions. */
  | "blocking"
  /** Rows are changed in batches, each with a transaction of its own: outside of a transaction. */
  | "batches";

/** One statement of the fix. */
export interface FixStatement {
  readonly sql: string;
  readonly lock: Lock;
  /** Of a role for the application, and of a tenant column that is added to a table with data; absent for everything else. */
  readonly stage?: "roles" | "expand" | "backfill" | "enforce";
  /** Ids of the findings that it closes or helps to close. */
  readonly findings: readonly string[];
}

/** What a person must do. */
export interface LeftToPerson {
  readonly finding: string;
  readonly why: string;
  readonly advice: string;
}

/** The plan. */
export interface FixPlan {
  readonly statements: readonly FixStatement[];
  readonly left: readonly LeftToPerson[];
  /** What the statements refuse from then on, and what the application must do: sentences. */
  readonly application: readonly string[];
}
