/**
 * @watertight/schema: installs, inspects and removes the database kit, and puts tables under it. Every name below is a promise.
 */
export { forEachTenant, type ForEachTenantOptions } from "./context/for-each-tenant.ts";
export { withForceLifted } from "./context/force-lifted.ts";
export { openContext } from "./context/open-context.ts";
export type { Queryable, Row } from "./db/queryable.ts";
export { quoteName, quoteQualified, quoteText } from "./db/quote.ts";
export { type KitCodeEntry, type KitErrorCode, kitErrorCodes } from "./errors/kit-codes.ts";
export { KitError, kitError, type KitErrorDetails } from "./errors/kit-error.ts";
export { installKit, type InstallOptions, type InstallReport, upgradeKit } from "./install/install-kit.ts";
export { installedVersion } from "./install/installed.ts";
export { defaultRoles, type RoleNames } from "./install/role-names.ts";
export { type Level, newestVersion } from "./install/sql-files.ts";
export type { Step } from "./install/steps.ts";
export { type KeyInfo, listKeys, retireKey, rotateKey, type RotateReport } from "./keys/keys.ts";
export { rekeyKit } from "./keys/rekey-kit.ts";
export { enforceTable, listObservations, type Observation, observeTable } from "./observe/observe-table.ts";
export type { Finding, TenantColumns } from "./protect/findings.ts";
export {
  type ExpectedPolicies,
  planProtect,
  type ProtectInput,
  type ProtectPlan,
  type RelationPlan,
} from "./protect/plan-protect.ts";
export type {
  Column as TableColumn,
  Dependent,
  ForeignKey,
  Grant as TableGrant,
  Index as TableIndex,
  OwnedSequence,
  Policy as TablePolicy,
  TableFacts,
} from "./protect/facts.ts";
export type { Mode } from "./protect/policies.ts";
export { protectTable, type ProtectOptions, type ProtectReport } from "./protect/protect-table.ts";
export { protectTables } from "./protect/protect-tables.ts";
export type { DerivedTenancy, DirectTenancy, Tenancy } from "./protect/tenancy.ts";
export type { TenantType } from "./protect/tenant-column.ts";
export { unprotectTable, type UnprotectReport } from "./protect/unprotect-table.ts";
export { type Difference, diffSnapshots } from "./snapshot/diff.ts";
export { readSnapshot, type SnapshotOptions } from "./snapshot/read-snapshot.ts";
export type * from "./snapshot/snapshot.ts";
export { snapshotKit } from "./snapshot/snapshot-kit.ts";
export type { Check } from "./status/check.ts";
export { type ServerCve, serverCves, unfixedCves } from "./status/cve.ts";
export { kitStatus, type KitStatus } from "./status/kit-status.ts";
export { followTenants } from "./tenants/follow-tenants.ts";
export {
  listTenants,
  registerTenants,
  registerTenantsFrom,
  setTenantState,
  type TenantRow,
  type TenantState,
  tenantStates,
} from "./tenants/tenants.ts";
export { uninstallKit, type UninstallReport } from "./uninstall/uninstall-kit.ts";
