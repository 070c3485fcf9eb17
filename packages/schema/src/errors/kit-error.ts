/**
 * The kit's error class. It carries the same registered brand as the runtime's errors, so `isWatertightError` and every
 * handler that reads code, hint, retryable and docUrl treats both alike. Must never hold a key, a password or a row value.
 */
import { type KitErrorCode, kitErrorCodes } from "./kit-codes.ts";

const brand: symbol = Symbol.for("watertight.error.v1");

/** What a thrower may add to a code. */
export interface KitErrorDetails {
  /** What exactly: a table, a role, a number. */
  readonly detail?: string;
  /** The next step where the table's own is too general. */
  readonly next?: string;
  readonly cause?: unknown;
}

/** Something in the database or in the options must be changed by the person who runs the kit. */
export class KitError extends Error {
  override readonly name: string = "ConfigurationError";
  /** Stable; see {@link kitErrorCodes}. */
  readonly code: KitErrorCode;
  /** The next step. */
  readonly hint: string;
  /** Whether the same call can succeed later without a change. */
  readonly retryable: boolean = false;
  /** Where the code is documented, relative to the repository. */
  readonly docUrl: string;

  constructor(code: KitErrorCode, details: KitErrorDetails = {}) {
    const entry = kitErrorCodes[code];
    const hint = details.next ?? entry.next;
    super(
      `${code}: ${entry.what}${details.detail ? ` (${details.detail})` : ""} ${hint}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.hint = hint;
    this.docUrl = `docs/kit.md#${code.toLowerCase()}`;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Makes an error of the kit.
 * @example throw kitError("WT_KIT_TABLE", { detail: "public.projects" });
 */
export function kitError(code: KitErrorCode, details?: KitErrorDetails): KitError {
  return new KitError(code, details);
}
