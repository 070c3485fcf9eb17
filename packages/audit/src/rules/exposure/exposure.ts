/**
 * What the rows of a table look like to a role that reads them on somebody's behalf: the owner of a view, of a definer function, of a rule.
 * Owner × FORCE × the roles of the policies × the context decide together, and most of the combinations are harmless: a FORCEd owner under a
 * policy TO PUBLIC on a setting of the session sees what the caller sees. Flagging all definers is the largest source of false alarms.
 */
import type { Policy, QualifiedName, Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { parseExpression } from "../../understand/sql/parser.ts";
import type { AccessMode } from "../bodies/accesses.ts";
import { checkOfTree } from "../bodies/caller-check.ts";
import { partsOfTables } from "../judge/parts-of-table.ts";
import { isOpenToRead } from "../judge/row-access.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";

/** Why a role sees the rows of all tenants. */
export interface Exposure {
  readonly why: "no row security" | "owner" | "bypass" | "policy";
  readonly sentence: string;
}

const commandOf = { read: "select", insert: "insert", update: "update", delete: "delete", truncate: "delete" } as const;

/**
 * How a table's rows of all tenants lie open to a role that works on them; null where row security binds it, or where there is nothing to hide.
 * The table's own holes (no row security on a table that the application reads anyway, a policy that lets everybody through) are found
 * there and not repeated here.
 */
export function exposureTo(facts: Facts, role: string, relation: Relation, mode: AccessMode = "read"): Exposure | null {
  if (!holdsTenantRows(facts, relation) || (mode === "read" && isOpenToRead(facts, relation))) return null;
  const name = dotted(relation);
  const command = commandOf[mode];
  if (!relation.rowSecurity) {
    const direct = facts.reach.can(mode === "truncate" ? "TRUNCATE" : command.toUpperCase(), relation);
    return direct ? null : { why: "no row security", sentence: `${name} has no row security` };
  }
  const bypasses = facts.reach.roleBypasses(role, relation);
  const attributes = facts.reach.role(role);
  const bypassing = attributes?.superuser === true || attributes?.bypassRls === true;
  if (bypasses && !relation.forced && (role === relation.owner || !bypassing))
    return { why: "owner", sentence: `${role} owns ${name}, and row security is not forced there` };
  if (bypasses)
    return {
      why: "bypass",
      sentence: `${role} ${attributes?.superuser === true ? "is a superuser" : "has BYPASSRLS"}`,
    };
  const policies = policiesOf(facts, relation).filter(
    (policy) => policy.command === "all" || policy.command === command,
  );
  // a policy TO PUBLIC that does not look at the context is a hole for everybody, and found as that (B)
  const wide = policies.find((policy) => policy.permissive && policy.roles.includes(role) && !isBinding(facts, policy));
  const floored = policies.some(
    (policy) =>
      !policy.permissive && policy.roles.some((each) => each === "public" || each === role) && isBinding(facts, policy),
  );
  if (wide === undefined || floored) return null;
  return { why: "policy", sentence: `policy ${wide.name} on ${name} lets ${role} reach rows of every tenant` };
}

/** The policies of a table. */
export function policiesOf({ snapshot }: Facts, table: QualifiedName): readonly Policy[] {
  return partsOfTables(snapshot).policies(table);
}

/** Whether a policy looks at the tenant at all; whether rightly is the matter of the policy's own rules (B). */
export function isBinding(facts: Facts, { using, check, command }: Policy): boolean {
  const text = command === "insert" ? check : (using ?? check);
  if (text === null) return false;
  if (text === "false") return true;
  const answers = binding.get(facts.understanding) ?? new Map<string, boolean>();
  binding.set(facts.understanding, answers);
  const before = answers.get(text);
  if (before !== undefined) return before;
  const tree = parseExpression(text);
  const binds = tree !== null && checkOfTree(facts, tree) === "tenant";
  answers.set(text, binds);
  return binds;
}

// hundreds of tables have the same policy, and the answer asks nothing of the table: neither its columns nor its owner
const binding = new WeakMap<Facts["understanding"], Map<string, boolean>>();
