/**
 * B20: a policy reads another table as the caller, and cannot: the tables' policies read each other in a circle (42P17), or the caller has no
 * right to read the table (42501). Every query then fails. An outage and no leak; the usual cure, a definer function, is worth a look of its own.
 */
import type { Policy, Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { listed, said } from "../exposure/words.ts";
import { readAsCaller } from "../predicate/as-caller.ts";
import { courtOf } from "../predicate/court.ts";
import { doors } from "../predicate/effective.ts";
import { holds } from "../predicate/leaks.ts";
import { policyText } from "../predicate/leak-findings.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const policyOutage: Rule = {
  id: "B20",
  slug: "B20-policy-outage",
  title: "A policy reads a table that it cannot read",
  needs: "catalog",
  find: (facts) => facts.snapshot.policies.flatMap((policy) => finding(facts, policy) ?? []),
};

function finding(facts: Facts, policy: Policy): RuleFinding | null {
  const relation = facts.reach.relation(policy.relation);
  const court = courtOf(facts);
  if (relation === undefined || !relation.rowSecurity) return null;
  const roles = facts.understanding.roles.filter(
    ({ kind, name }) =>
      kind !== "service" &&
      !facts.reach.roleBypasses(name, relation) &&
      (policy.roles.includes("public") || policy.roles.some((role) => court.rights(name).has(role))) &&
      doors.some(({ command }) => holds(court, name, relation, command.toUpperCase())),
  );
  if (roles.length === 0) return null;
  const circle = circleFrom(facts, relation, policy);
  const closed = readAsCaller(facts, policy).filter(
    (table) => !roles.every(({ name }) => holds(court, name, table, "SELECT")),
  );
  if (circle === null && closed.length === 0) return null;
  return {
    object: { kind: "policy", schema: relation.schema, name: relation.name, part: policy.name },
    message:
      circle === null
        ? `Policy ${policy.name} on ${said(relation)} reads ${listed(closed.map(said))}, which the application may not: every query on ${said(relation)} fails with 42501.`
        : `Policy ${policy.name} on ${said(relation)} leads back to itself (${circle.map(said).join(" -> ")}): every query fails with 42P17.`,
    severity: "low",
    evidence: policyText(policy),
    keys: [objectKey.policy(relation, policy.name)],
    fix: "look the other table up in a SECURITY DEFINER function with a fixed search_path, owned by a role that may read it",
    attackable: false,
  };
}

const hasSelect = ({ using, check }: Policy): boolean => /\(\s*select\b/i.test(`${using} ${check}`);

/**
 * PostgreSQL expands policies while it rewrites a query, whatever a row would say. It gives up as soon as it comes back to a table whose policies
 * it is expanding and finds any sub-select in the policies that are due there, be it only (select f()).
 */
function circleFrom(facts: Facts, start: Relation, policy: Policy): Relation[] | null {
  const { catalog } = courtOf(facts);
  const expand = (table: Relation, due: readonly Policy[], path: readonly Relation[]): Relation[] | null => {
    if (!table.rowSecurity || !due.some(hasSelect)) return null;
    if (path.includes(table)) return table === start ? [...path, table] : null;
    for (const next of due.flatMap((each) => readAsCaller(facts, each))) {
      const reading = catalog.policies(next).filter(({ command }) => command === "all" || command === "select");
      const found = expand(next, reading, [...path, table]);
      if (found !== null) return found;
    }
    return null;
  };
  return expand(start, [policy], []);
}
