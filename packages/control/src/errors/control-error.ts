/**
 * The control plane's error class. It carries the same registered brand as the runtime's errors, so that every handler that reads code,
 * hint, retryable and docUrl treats all alike. Must never hold a secret.
 */
import { type ControlErrorCode, controlErrorCodes } from "./control-codes.ts";

const brand: symbol = Symbol.for("watertight.error.v1");

/** What a thrower may add to a code. */
export interface ControlErrorDetails {
  /** What exactly: a tenant, a cell, a step. */
  readonly detail?: string | undefined;
  /** The next step where the table's own is too general. */
  readonly next?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
}

/** Something that the control plane refused, or could not do. */
export class ControlError extends Error {
  override readonly name: string;
  /** Stable; see {@link controlErrorCodes}. */
  readonly code: ControlErrorCode;
  /** What the thrower added. */
  readonly detail: string | undefined;
  /** The next step. */
  readonly hint: string;
  /** Whether the same call can succeed later without a change. */
  readonly retryable: boolean;
  /** Where the code is documented, relative to the repository. */
  readonly docUrl: string;

  constructor(code: ControlErrorCode, details: ControlErrorDetails = {}) {
    const entry = controlErrorCodes[code];
    const hint = details.next ?? entry.next;
    super(
      `${code}: ${entry.what}${details.detail ? ` (${details.detail})` : ""} ${hint}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = entry.kind;
    this.code = code;
    this.detail = details.detail;
    this.hint = hint;
    this.retryable = details.retryable ?? entry.retryable;
    this.docUrl = `docs/control.md#${code.toLowerCase()}`;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Makes an error of the control plane.
 * @example throw controlError("WT_CATALOG_NOT_FOUND", { detail: "tenant acme" });
 */
export function controlError(code: ControlErrorCode, details?: ControlErrorDetails): ControlError {
  return new ControlError(code, details);
}
