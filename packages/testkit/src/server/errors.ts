// What can go wrong before a test server runs, as errors with a stable code and the next step for the person who reads them.
// Must never carry a connection string with its password.

/** Codes of {@link TestServerError}. */
export type TestServerErrorCode =
  | "WT_TEST_NO_BINARIES"
  | "WT_TEST_INITDB_FAILED"
  | "WT_TEST_SERVER_FAILED"
  | "WT_TEST_DATABASE_URL";

/** A test server could not be started, reached or used. */
export class TestServerError extends Error {
  readonly code: TestServerErrorCode;

  constructor(code: TestServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TestServerError";
    this.code = code;
  }
}
