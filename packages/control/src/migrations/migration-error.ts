/**
 * The error class of migrations. It carries the registered brand of the runtime's errors, so every handler that reads code, hint, retryable
 * and docUrl treats it alike. Must never hold a password or a row value: a database's own message goes into `cause`, its SQLSTATE beside it.
 */
import { type MigrationErrorCode, migrationErrorCodes } from "./migration-codes.ts";

const brand: symbol = Symbol.for("watertight.error.v1");

/** What a thrower may add to a code. */
export interface MigrationErrorDetails {
  /** What exactly: a file, a target. */
  readonly detail?: string;
  /** The next step where the table's own is too general. */
  readonly next?: string;
  readonly cause?: unknown;
  readonly sqlstate?: string;
  /** Facts for programs. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Something about a release, a target or a run that a person must act on. */
export class MigrationError extends Error {
  override readonly name: string = "OperationError";
  /** Stable; see {@link migrationErrorCodes}. */
  readonly code: MigrationErrorCode;
  /** The next step. */
  readonly hint: string;
  readonly retryable: boolean;
  /** Where the code is documented, relative to the repository. */
  readonly docUrl: string;
  /** Of the database error behind it. */
  readonly sqlstate: string | undefined;
  /** For example file, expected and found of WT_MIGRATION_EDITED. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: MigrationErrorCode, details: MigrationErrorDetails = {}) {
    const entry = migrationErrorCodes[code];
    const hint = details.next ?? entry.next;
    super(
      `${code}: ${entry.what}${details.detail ? ` (${details.detail})` : ""} ${hint}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.hint = hint;
    this.retryable = entry.retryable;
    this.docUrl = `docs/migrations.md#${code.toLowerCase()}`;
    this.sqlstate = details.sqlstate;
    this.facts = details.facts ?? {};
  }

  static {
    // on the prototype, so that it is not printed with the error
    Object.defineProperty(this.prototype, brand, { value: true });
  }
}
