/**
 * B18: a policy that casts text of a row to another type, or divides by a column, can fail on a row that it was about to hide, and the error
 * prints that row's value. Cast the constant's side instead; casts of the context cannot fail on a row.
 */
import type { Policy } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { said } from "../exposure/words.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import { courtOf } from "../predicate/court.ts";
import { dependence, typeOf } from "../predicate/depend.ts";
import { policyText } from "../predicate/leak-findings.ts";
import { printTerm } from "../predicate/print.ts";
import { type Term, visitTerms } from "../predicate/term.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const policyRaises: Rule = {
  id: "B18",
  slug: "B18-policy-raises",
  title: "A policy can fail on a row that it hides",
  needs: "catalog",
  find: (facts) => facts.snapshot.policies.flatMap((policy) => finding(facts, policy) ?? []),
};

function finding(facts: Facts, policy: Policy): RuleFinding | null {
  const relation = facts.reach.relation(policy.relation);
  if (relation === undefined || !relation.rowSecurity || !holdsTenantRows(facts, relation)) return null;
  if (!["SELECT", "UPDATE", "DELETE"].some((right) => facts.reach.can(right, relation))) return null;
  const failing = new Set<string>();
  // a cheaper comparison of the tenant beside it usually comes first: the planner's habit, not its promise
  let shielded = false;
  for (const { term, row } of courtOf(facts).policies.expressions(policy, ["using"])) {
    visitTerms(term, false, (each) => {
      if (mayFail(each)) failing.add(printTerm(each));
    });
    shielded ||=
      term.kind === "and" && term.terms.some((each) => comparesTenant(facts, each, row) && !holdsFailing(each));
  }
  const [first] = failing;
  if (first === undefined) return null;
  return {
    object: { kind: "policy", schema: relation.schema, name: relation.name, part: policy.name },
    table: { schema: relation.schema, name: relation.name },
    message: `Policy ${policy.name} on ${said(relation)} evaluates ${first} on rows before it hides them: a value that does not fit raises an error, which prints it to another tenant.`,
    severity: shielded ? "low" : "medium",
    evidence: [...[...failing].map((each) => `${each} can fail`), ...policyText(policy)],
    keys: [objectKey.policy(relation, policy.name)],
    fix: "cast the context to the column's type, not the column to the context's; or give the column the right type",
    attackable: true,
  };
}

function comparesTenant(facts: Facts, term: Term, row: unknown): boolean {
  if (term.kind !== "operator" || term.name !== "=") return false;
  return [term.left, term.right].some(
    (side) =>
      side.kind === "column" &&
      side.row === row &&
      side.row.relation !== null &&
      courtOf(facts).catalog.tenantColumns(side.row.relation).includes(side.column),
  );
}

function holdsFailing(term: Term): boolean {
  let fails = false;
  visitTerms(term, false, (each) => void (fails ||= mayFail(each)));
  return fails;
}

const texts = /^(text|character|bpchar|varchar|name|json|jsonb)/;

function mayFail(term: Term): boolean {
  if (term.kind === "operator" && (term.name === "/" || term.name === "%"))
    return dependence(term.right).cells.length > 0;
  if (term.kind !== "cast" || texts.test(term.type) || dependence(term.term).cells.length === 0) return false;
  const type = term.term.kind === "operator" && /^(->>|#>>|\|\|)$/.test(term.term.name) ? "text" : typeOf(term.term);
  return texts.test(type);
}
