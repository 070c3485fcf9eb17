// @watertight/testkit: real PostgreSQL for tests, examples and benchmarks. Private, and never imported from a published package's src.
export { startServer, type StartServerOptions } from "./server/start-server.ts";
export type { EmbeddedVersion } from "./server/binaries.ts";
export { TestServerError, type TestServerErrorCode } from "./server/errors.ts";
export { freePort } from "./server/free-port.ts";
export type { TestServer } from "./server/test-server.ts";
