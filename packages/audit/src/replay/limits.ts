/**
 * How much a replay may use. Migrations are code of strangers: one that loops, sleeps or writes without end must end in a clear reason.
 */

/** Bounds of a replay; all of them have a default. */
export interface Limits {
  /** One statement, in milliseconds. */
  readonly statementMs: number;
  /** All statements together, in milliseconds. */
  readonly totalMs: number;
  /** What the server's folder may hold, in bytes, beyond what it held at the start. */
  readonly diskBytes: number;
  /** Address space of each server process, in bytes. */
  readonly memoryBytes: number;
  /** What one statement may send to us, in bytes. */
  readonly answerBytes: number;
}

const MB = 1024 ** 2;

/** The defaults. */
export const defaultLimits: Limits = {
  statementMs: 10_000,
  totalMs: 120_000,
  diskBytes: 512 * MB,
  memoryBytes: 1024 * MB,
  answerBytes: 32 * MB,
};
