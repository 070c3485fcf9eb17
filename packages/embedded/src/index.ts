/**
 * @watertight/embedded: a throw-away PostgreSQL from npm's binaries. Listed by hand: public is a promise.
 */
export { binariesFolder, binariesPackage, EMBEDDED_VERSION } from "./binaries.ts";
export { EmbeddedError, type EmbeddedErrorCode } from "./errors.ts";
export { freePort } from "./free-port.ts";
export type { Connection, PostgresServer } from "./postgres-server.ts";
export { startPostgres, type StartPostgresOptions } from "./start-postgres.ts";
