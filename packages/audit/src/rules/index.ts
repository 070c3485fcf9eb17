/**
 * All rules, by hand, in the order of the catalogue: what is not in this list does not run and is not tested. Each line is one folder.
 */
import { rowSecurityOff } from "./A1-row-security-off/rule.ts";
import { dormantPolicies } from "./A2-dormant-policies/rule.ts";
import { notForced } from "./A3-not-forced/rule.ts";
import { bypassingRole } from "./A4-bypassing-role/rule.ts";
import { bypassByMembership } from "./A5-bypass-by-membership/rule.ts";
import { createRole } from "./A6-createrole/rule.ts";
import { applicationOwns } from "./A7-application-owns/rule.ts";
import { predefinedRoles } from "./A8-predefined-roles/rule.ts";
import { policyOfAnotherRole } from "./A9-policy-of-another-role/rule.ts";
import { narrowFloor } from "./A10-narrow-floor/rule.ts";
import { defaultPrivileges } from "./A11-default-privileges/rule.ts";
import { unprotectedCopy } from "./A12-unprotected-copy/rule.ts";
import { cascadeDropsPolicy } from "./A13-cascade-drops-policy/rule.ts";
import { protectionSwitchedOff } from "./A14-protection-switched-off/rule.ts";
import { coverageLost } from "./A15-coverage-lost/rule.ts";
import { permissiveOr } from "./B1-permissive-or/rule.ts";
import { tautology } from "./B2-tautology/rule.ts";
import { unsetContext } from "./B3-unset-context/rule.ts";
import { bypassSetting } from "./B4-bypass-setting/rule.ts";
import { nullAndEmpty } from "./B5-null-and-empty/rule.ts";
import { updateMovesRows } from "./B6-update-moves-rows/rule.ts";
import { writeWiderThanRead } from "./B7-write-wider-than-read/rule.ts";
import { insertPlantsRows } from "./B8-insert-plants-rows/rule.ts";
import { commandGap } from "./B9-command-gap/rule.ts";
import { columnCapture } from "./B10-column-capture/rule.ts";
import { writableTrustBase } from "./B11-writable-trust-base/rule.ts";
import { userControlledClaim } from "./B12-user-controlled-claim/rule.ts";
import { tenantNeverCompared } from "./B13-tenant-never-compared/rule.ts";
import { notEquality } from "./B14-not-equality/rule.ts";
import { nullableTenant } from "./B15-nullable-tenant/rule.ts";
import { immutableHelper } from "./B16-immutable-helper/rule.ts";
import { unpinnedHelper } from "./B17-unpinned-helper/rule.ts";
import { policyRaises } from "./B18-policy-raises/rule.ts";
import { volatileHelper } from "./B19-volatile-helper/rule.ts";
import { policyOutage } from "./B20-policy-outage/rule.ts";
import { undeclaredPublicRows } from "./B21-undeclared-public-rows/rule.ts";
import { oneRoleForAll } from "./B22-one-role-for-all/rule.ts";
import { literalTenant } from "./B23-literal-tenant/rule.ts";
import { sessionSettingInFunction } from "./C1-session-setting-in-function/rule.ts";
import { localSettingLost } from "./C2-local-setting-lost/rule.ts";
import { setInFunction } from "./C3-set-in-function/rule.ts";
import { contextInExceptionBlock } from "./C4-context-in-exception-block/rule.ts";
import { deferredTrigger } from "./C5-deferred-trigger/rule.ts";
import { presetTenant } from "./C6-preset-tenant/rule.ts";
import { residue } from "./C7-residue/rule.ts";
import { oneStatementSwitch } from "./C8-one-statement-switch/rule.ts";
import { wayOutOfRole } from "./C9-way-out-of-role/rule.ts";
import { sealedContext } from "./C10-sealed-context/rule.ts";
import { settableClaims } from "./C11-settable-claims/rule.ts";
import { definerView } from "./D1-definer-view/rule.ts";
import { replacedView } from "./D2-replaced-view/rule.ts";
import { materializedView } from "./D3-materialized-view/rule.ts";
import { definerFunction } from "./D4-definer-function/rule.ts";
import { definerPath } from "./D5-definer-path/rule.ts";
import { publicExecute } from "./D6-public-execute/rule.ts";
import { replacedFunction } from "./D7-replaced-function/rule.ts";
import { definerTrigger } from "./D8-definer-trigger/rule.ts";
import { cascadeIdentity } from "./D9-cascade-identity/rule.ts";
import { ruleAsOwner } from "./D10-rule-as-owner/rule.ts";
import { viewWithoutBarrier } from "./D11-view-without-barrier/rule.ts";
import { leakproofFunction } from "./D12-leakproof-function/rule.ts";
import { ownedByBypassRole } from "./D13-owned-by-bypass-role/rule.ts";
import { dynamicSql } from "./D14-dynamic-sql/rule.ts";
import { contextLeftBehind } from "./D15-context-left-behind/rule.ts";
import { uncheckedViewWrite } from "./D16-unchecked-view-write/rule.ts";
import { foreignKeyWithoutTenant } from "./E1-foreign-key-without-tenant/rule.ts";
import { cascadeCrosses } from "./E2-cascade-crosses/rule.ts";
import { restrictReveals } from "./E3-restrict-reveals/rule.ts";
import { nullableTenantInKey } from "./E4-nullable-tenant-in-key/rule.ts";
import { uniqueWithoutTenant } from "./E5-unique-without-tenant/rule.ts";
import { tenantPartitions } from "./E6-tenant-partitions/rule.ts";
import { checkByFunction } from "./E7-check-by-function/rule.ts";
import { ownerMigratesBlind } from "./E8-owner-migrates-blind/rule.ts";
import { detailWithValues } from "./E9-detail-with-values/rule.ts";
import { truncate } from "./F1-truncate/rule.ts";
import { references } from "./F2-references/rule.ts";
import { trigger } from "./F3-trigger/rule.ts";
import { childReached } from "./F4-child-reached/rule.ts";
import { sequences } from "./F5-sequences/rule.ts";
import { largeObjects } from "./F7-large-objects/rule.ts";
import { foreignTables } from "./F8-foreign-tables/rule.ts";
import { publications } from "./F9-publications/rule.ts";
import { notify } from "./F10-notify/rule.ts";
import { advisoryLocks } from "./F11-advisory-locks/rule.ts";
import { queueTables } from "./F16-queue-tables/rule.ts";
import { statementStatistics } from "./G5-statement-statistics/rule.ts";
import { loggedValues } from "./G8-logged-values/rule.ts";
import { connectToPublic } from "./H1-connect-to-public/rule.ts";
import { searchPathFallsThrough } from "./H2-search-path-falls-through/rule.ts";
import { createOnPublic } from "./H4-create-on-public/rule.ts";
import { deadIndex } from "./P1-dead-index/rule.ts";
import { policyCost } from "./P2-policy-cost/rule.ts";
import type { Rule } from "./rule.ts";

/** Every rule. */
export const rules: readonly Rule[] = [
  rowSecurityOff,
  dormantPolicies,
  notForced,
  bypassingRole,
  bypassByMembership,
  createRole,
  applicationOwns,
  predefinedRoles,
  policyOfAnotherRole,
  narrowFloor,
  defaultPrivileges,
  unprotectedCopy,
  cascadeDropsPolicy,
  protectionSwitchedOff,
  coverageLost,
  permissiveOr,
  tautology,
  unsetContext,
  bypassSetting,
  nullAndEmpty,
  updateMovesRows,
  writeWiderThanRead,
  insertPlantsRows,
  commandGap,
  columnCapture,
  writableTrustBase,
  userControlledClaim,
  tenantNeverCompared,
  notEquality,
  nullableTenant,
  immutableHelper,
  unpinnedHelper,
  policyRaises,
  volatileHelper,
  policyOutage,
  undeclaredPublicRows,
  oneRoleForAll,
  literalTenant,
  sessionSettingInFunction,
  localSettingLost,
  setInFunction,
  contextInExceptionBlock,
  deferredTrigger,
  presetTenant,
  residue,
  oneStatementSwitch,
  wayOutOfRole,
  sealedContext,
  settableClaims,
  definerView,
  replacedView,
  materializedView,
  definerFunction,
  definerPath,
  publicExecute,
  replacedFunction,
  definerTrigger,
  cascadeIdentity,
  ruleAsOwner,
  viewWithoutBarrier,
  leakproofFunction,
  ownedByBypassRole,
  dynamicSql,
  contextLeftBehind,
  uncheckedViewWrite,
  foreignKeyWithoutTenant,
  cascadeCrosses,
  restrictReveals,
  nullableTenantInKey,
  uniqueWithoutTenant,
  tenantPartitions,
  checkByFunction,
  ownerMigratesBlind,
  detailWithValues,
  truncate,
  references,
  trigger,
  childReached,
  sequences,
  largeObjects,
  foreignTables,
  publications,
  notify,
  advisoryLocks,
  queueTables,
  statementStatistics,
  loggedValues,
  connectToPublic,
  searchPathFallsThrough,
  createOnPublic,
  deadIndex,
  policyCost,
];
