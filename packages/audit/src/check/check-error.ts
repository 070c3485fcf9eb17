/**
 * Why a check could not be made, for the person who ran it. Must never carry a connection string or a machine's path.
 */

/** Codes of {@link CheckError}; permanent. */
export type CheckErrorCode =
  /** Nothing in the folder looks like migrations. */
  | "WT_CHECK_NO_MIGRATIONS"
  /** There are migrations, and not one statement could be read or run. */
  | "WT_CHECK_NOTHING_RAN"
  /** No such rule, finding or table. */
  | "WT_CHECK_UNKNOWN"
  /** The catalog of a live database could not be read. */
  | "WT_CHECK_DATABASE"
  /** The connection may do more than code of the schema may be trusted with. */
  | "WT_CHECK_PRIVILEGED";

const exitCodes: Readonly<Record<CheckErrorCode, number>> = {
  WT_CHECK_NO_MIGRATIONS: 2,
  WT_CHECK_NOTHING_RAN: 3,
  WT_CHECK_UNKNOWN: 2,
  WT_CHECK_DATABASE: 3,
  WT_CHECK_PRIVILEGED: 3,
};

const brand: symbol = Symbol.for("watertight.error.v1");

/** A check that could not be made. */
export class CheckError extends Error {
  readonly code: CheckErrorCode;
  /** The next step. */
  readonly hint: string;
  readonly retryable: boolean = false;
  readonly exitCode: number;
  readonly docUrl: string;

  constructor(code: CheckErrorCode, problem: string, next: string, options?: ErrorOptions) {
    super(`${code}: ${problem} ${next}`, options);
    this.name = "OperationError";
    this.code = code;
    this.hint = next;
    this.exitCode = exitCodes[code];
    this.docUrl = `docs/check.md#${code.toLowerCase()}`;
    Object.defineProperty(this, brand, { value: true });
  }
}
