/**
 * The error classes: one base, subclasses by who must act. Built from the code table, so message, hint and
 * retryable can't drift. Must never hold a token or another tenant's data.
 */
import { type ErrorCode, type ErrorKind, errorCodes } from "./codes.ts";

// Registered, so that an error made by another copy of this package is still recognised.
const brand: symbol = Symbol.for("watertight.error.v1");

/** What a thrower may add to a code. */
export interface ErrorDetails {
  /** Appended to the table's text: which option, which detail. Never tenant data of somebody else. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
  /** SQLSTATE of the database error behind it. */
  readonly sqlstate?: string | undefined;
  readonly retryable?: boolean | undefined;
}

/**
 * Base of all errors that this package makes itself. Ordinary SQL errors are not wrapped: the driver's own error
 * object reaches the caller unchanged, because ORMs look at its `code`.
 */
export class WatertightError extends Error {
  override readonly name: string;
  /** Stable, documented in docs/errors.md. */
  readonly code: ErrorCode;
  /** The next step for the person who must act. */
  readonly hint: string;
  /** Whether the same call can succeed when it is repeated later. */
  readonly retryable: boolean;
  /** Where the code is documented, relative to the repository. */
  readonly docUrl: string;
  /** SQLSTATE when the database refused; undefined when nothing was sent. */
  readonly sqlstate: string | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const entry = errorCodes[code];
    super(`${code}: ${entry.what}${details.detail ? ` (${details.detail})` : ""} ${entry.next}`, details);
    this.name = entry.kind;
    this.code = code;
    this.hint = entry.next;
    this.retryable = details.retryable ?? entry.retryable;
    this.docUrl = `docs/errors.md#${code.toLowerCase()}`;
    this.sqlstate = details.sqlstate;
  }

  static {
    // On the prototype, so that it is not printed with the error.
    Object.defineProperty(this.prototype, brand, { value: true });
  }
}

/** The developer or operator must change a setting. */
export class ConfigurationError extends WatertightError {}
/** Code ran without, or against, its tenant. */
export class ContextError extends WatertightError {}
/** A security event: somebody asked for what is not theirs. */
export class AccessDeniedError extends WatertightError {}
/** The database, or the way to it, refused for a reason of its own. */
export class DatabaseError extends WatertightError {}
/** A control-plane operation failed. */
export class OperationError extends WatertightError {}

const classes: Record<ErrorKind, typeof WatertightError> = {
  ConfigurationError,
  ContextError,
  AccessDeniedError,
  DatabaseError,
  OperationError,
};

/**
 * Makes the error of the right class for a code.
 * @example throw failure('WT_CONFIG', { detail: 'max must be positive' });
 */
export function failure(code: ErrorCode, details?: ErrorDetails): WatertightError {
  return new classes[errorCodes[code].kind](code, details);
}

/**
 * Whether a value is an error of this package, also when another copy of the package made it.
 * @example if (isWatertightError(error) && error.code === 'WT_NO_TENANT') { … }
 */
export function isWatertightError(value: unknown): value is WatertightError {
  return typeof value === "object" && value !== null && brand in value;
}
