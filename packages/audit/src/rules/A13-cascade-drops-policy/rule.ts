/**
 * A13: a policy that went with something else. DROP FUNCTION, DROP COLUMN, DROP TYPE … CASCADE and DROP OWNED BY take the policies that rest on it
 * without a word; row security stays on, and what the permissive policies let through is open. Silent where the policy was made again.
 */
import { objectKey } from "../../history/object-key.ts";
import type { SyntaxNode } from "../../history/statement.ts";
import { isBinding, policiesOf } from "../exposure/exposure.ts";
import { rightsOn } from "../exposure/rights.ts";
import { said } from "../exposure/words.ts";
import { graphOf, holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding, Severity } from "../rule.ts";
import { type LivingPolicy, livingPolicies } from "../timeline/policies.ts";
import { type Moment, timelineOf } from "../timeline/timeline.ts";

/** The rule. */
export const cascadeDropsPolicy: Rule = {
  id: "A13",
  slug: "A13-cascade-drops-policy",
  title: "CASCADE dropped a policy",
  needs: "history",
  find: (facts) => {
    const moments = facts.history ? timelineOf(facts.history) : [];
    return livingPolicies(moments).flatMap((policy) => finding(facts, moments, policy) ?? []);
  },
};

function finding(facts: Facts, moments: readonly Moment[], policy: LivingPolicy): RuleFinding | null {
  const { name, table, permissive, made } = policy;
  const relation = graphOf(facts).relation(table);
  const left = policiesOf(facts, table);
  if (relation === undefined || left.some((each) => each.name === name)) return null;
  const cause = causeOf(moments, policy);
  if (cause === null) return null;
  const words = cause.statement.text.replaceAll(/\s+/g, " ").slice(0, 120);
  const severity = severityOf(facts, relation, permissive);
  return {
    object: { kind: "policy", schema: relation.schema, name: relation.name, part: name },
    message:
      severity === "critical"
        ? `The restrictive policy ${name} of ${said(relation)} went with CASCADE, and a permissive policy stayed: every tenant sees every tenant's rows.`
        : `Policy ${name} of ${said(relation)} went with CASCADE, and nothing made it again.`,
    severity,
    evidence: [
      `made at ${made.statement.place.file}:${made.statement.place.line}, no longer in pg_policy, never dropped by name`,
      `${words} (${cause.statement.place.file}:${cause.statement.place.line})`,
      left.length === 0
        ? "no policy is left: nobody but the owner sees a row"
        : `policies left: ${left.map((each) => each.name).join(", ")}`,
    ],
    keys: [objectKey.policy(relation, name)],
    place: cause.statement.place,
    fix: `create the policy again in the same migration, and drop without CASCADE, so that PostgreSQL names what rests on it`,
    attackable: severity === "critical",
  };
}

function severityOf(facts: Facts, relation: Parameters<typeof rightsOn>[1], permissive: boolean): Severity {
  const left = policiesOf(facts, relation);
  if (!relation.rowSecurity || rightsOn(facts, relation).length === 0 || !holdsTenantRows(facts, relation))
    return "low";
  const open = left.some((each) => each.permissive && facts.reach.applies(each.roles) && !isBinding(facts, each));
  const floored = left.some((each) => !each.permissive && facts.reach.applies(each.roles) && isBinding(facts, each));
  if (open && !floored) return permissive ? "medium" : "critical";
  return left.length === 0 ? "medium" : "low";
}

/** The statement that took it: one that says CASCADE and names something that the policy's text names, else the last that could. */
function causeOf(moments: readonly Moment[], { name, table, made }: LivingPolicy): Moment | null {
  const later = moments.slice(made.at + 1);
  // SQL that a DO block builds may have dropped it by name
  if (later.some(({ type, statement }) => type === "DoStmt" && /drop\s+policy/i.test(statement.text))) return null;
  const key = objectKey.policy(table, name);
  const cascading = later.filter((moment) => takenBy(moment).length > 0);
  const text = made.statement.text.toLowerCase();
  return (
    cascading.find(({ statement }) => statement.touched.includes(key)) ??
    cascading.find((moment) => takenBy(moment).some((word) => text.includes(word.toLowerCase()))) ??
    cascading.at(-1) ??
    null
  );
}

/** Last words of the names that a statement drops with everything that rests on them. */
function takenBy({ type, node }: Moment): string[] {
  const last = (list: unknown): string =>
    ((list as SyntaxNode[] | undefined)?.at(-1)?.String?.sval as string | undefined) ?? "";
  if (type === "DropOwnedStmt")
    return (node.roles as SyntaxNode[]).map((each) => (each.RoleSpec?.rolename as string | undefined) ?? "");
  if (type === "DropStmt" && node.behavior === "DROP_CASCADE" && node.removeType !== "OBJECT_POLICY")
    return (node.objects as SyntaxNode[]).map(
      (each) =>
        last(each.ObjectWithArgs?.objname ?? each.List?.items ?? each.TypeName?.names) ||
        ((each.String?.sval as string | undefined) ?? ""),
    );
  if (type !== "AlterTableStmt") return [];
  return (node.cmds as SyntaxNode[]).flatMap((each) => {
    const { subtype, behavior, name } = (each.AlterTableCmd ?? {}) as SyntaxNode;
    return subtype === "AT_DropColumn" && behavior === "DROP_CASCADE" ? [name as string] : [];
  });
}
