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
];
