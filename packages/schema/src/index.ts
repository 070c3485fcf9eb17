/**
 * @watertight/schema: installs, inspects and removes the database kit, and puts tables under it. Every name below is a promise.
 */
export type { Queryable } from "./db/queryable.ts";
export { KitError, kitError, type KitErrorDetails } from "./errors/kit-error.ts";
export { type KitErrorCode, kitErrorCodes } from "./errors/kit-codes.ts";
export { installKit, type InstallOptions, type InstallReport } from "./install/install-kit.ts";
export { installedVersion } from "./install/installed.ts";
export { defaultRoles, type RoleNames } from "./install/role-names.ts";
export type { Level } from "./install/sql-files.ts";
export type { Step } from "./install/steps.ts";
