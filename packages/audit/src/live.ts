/**
 * @watertight/audit/live: the check of a live database, and the options it takes, for a command that is waited for. What judges the catalog is loaded
 * while the server is read; what replays and attacks is never loaded. Listed by hand, like the index.
 */
export { checkLive, type LiveRequest } from "./check/check-live.ts";
export { type LoadedConfig, loadConfig } from "./config/load-config.ts";
export type { ResolvedOptions } from "./config/resolve.ts";
export { resolveLightly } from "./config/resolve-lightly.ts";
