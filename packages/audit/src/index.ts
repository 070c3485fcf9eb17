/**
 * @watertight/audit: what stands behind `watertight check`. Listed by hand: public is a promise.
 */
export type { Report, Finding } from "./report/report.ts";
export { type AcceptConfig, type Config, defineConfig, type FailOn, type TableConfig } from "./config/config.ts";
