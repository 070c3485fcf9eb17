/**
 * What can go wrong before a throw-away server runs, as errors with a stable code and the next step for the person who reads them.
 * Must never carry a password.
 */

/** Codes of {@link EmbeddedError}; permanent. */
export type EmbeddedErrorCode =
  | "WT_EMBEDDED_NO_BINARIES"
  | "WT_EMBEDDED_INITDB_FAILED"
  | "WT_EMBEDDED_SERVER_FAILED"
  | "WT_EMBEDDED_SOCKET_PATH";

/** A throw-away server could not be started. */
export class EmbeddedError extends Error {
  readonly code: EmbeddedErrorCode;

  constructor(code: EmbeddedErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EmbeddedError";
    this.code = code;
  }
}
