// @watertight/testkit: real PostgreSQL for tests, examples and benchmarks. Private, and never imported from a published package's src.
export { type OwnServer, startServer, type StartServerOptions } from "./server/start-server.ts";
export { primarySettings, startStandby } from "./server/start-standby.ts";
export { attachServer, describeServerAt, SUPPORTED_VERSIONS } from "./server/attach-server.ts";
export { binariesPackage, type EmbeddedVersion, ownBinaries } from "./server/binaries.ts";
export { TestServerError, type TestServerErrorCode } from "./server/errors.ts";
export { freePort } from "@watertight/embedded";
export type { ServerDescription, TestServer } from "./server/test-server.ts";
export { fullRun, sized } from "./run/length.ts";
export { describeServers, servers } from "./run/servers.ts";
export { createDatabase, type CreateDatabaseOptions, type TestDatabase } from "./database/create-database.ts";
export { dropRun } from "./database/drop-run.ts";
export type { KitOptions } from "./database/kit-template.ts";
export type { RoleNames } from "@watertight/schema";
export { propertyRun, propertySeed, type PropertyRun } from "./property/property-run.ts";
export { countingProxy, type CountingProxy, type CountingProxyOptions } from "./proxy/counting-proxy.ts";
export type { ArmedFault, Fault } from "./proxy/faults.ts";
export { TRACE_LIMIT, type Traffic } from "./proxy/traffic.ts";
export {
  derivedTables,
  globalTables,
  sampleSchema,
  tenantTables,
  type Sample,
  type SampleOptions,
} from "./sample/sample-schema.ts";
export { SAMPLE_ROWS, tenantA, tenantB, type SampleTenant } from "./sample/sample-tenants.ts";
export { manyDatabases, type ManyDatabases } from "./fleet/many-databases.ts";
export { closedLoop } from "./fleet/closed-loop.ts";
export { openLoop, type LoadResult } from "./fleet/open-loop.ts";
export { type BackendWatch, watchBackends } from "./fleet/watch-backends.ts";
export { zipf } from "./fleet/zipf.ts";
