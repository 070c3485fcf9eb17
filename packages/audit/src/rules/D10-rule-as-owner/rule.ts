/**
 * D10: a rewrite rule does its work as the owner of its table. Where row security does not bind that owner on another table, the caller's statement
 * reaches all rows there. Silent where the rule compares the tenant, and where the owner is bound.
 */
import type { RewriteRule } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { objectKey } from "../../history/object-key.ts";
import { parseStatements } from "../../understand/sql/parser.ts";
import { accessesOf } from "../bodies/accesses.ts";
import { checkOfTree } from "../bodies/caller-check.ts";
import { plantedTenant } from "../bodies/planted.ts";
import { exposureTo } from "../exposure/exposure.ts";
import { trustedOf } from "../exposure/fired.ts";
import { said } from "../exposure/words.ts";
import { graphOf } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const ruleAsOwner: Rule = {
  id: "D10",
  slug: "D10-rule-as-owner",
  title: "A rewrite rule works as the table's owner",
  needs: "catalog",
  find: (facts) => facts.snapshot.rules.flatMap((rule) => finding(facts, rule) ?? []),
};

function finding(facts: Facts, rule: RewriteRule): RuleFinding | null {
  const relation = graphOf(facts).relation(rule.relation);
  if (relation === undefined || !facts.reach.can(rule.event.toUpperCase(), relation)) return null;
  const known = trustedOf(facts, relation);
  for (const action of actionsOf(rule)) {
    const check = checkOfTree(facts, action, known);
    for (const { schema, name, mode } of accessesOf(action)) {
      const table = graphOf(facts).find(schema, name, [rule.relation.schema]);
      const exposure = table && exposureTo(facts, relation.owner, table, mode);
      if (!table || !exposure || check === "tenant") continue;
      if (mode === "insert" && plantedTenant(facts, action, table, known).from === "own") continue;
      const does = mode === "read" ? "reads" : mode === "insert" ? "adds to" : `can ${mode} rows of`;
      return {
        object: { kind: "rule", schema: relation.schema, name: relation.name, part: rule.name },
        table: { schema: table.schema, name: table.name },
        message: `Rule ${rule.name} turns ${rule.event.toUpperCase()} on ${said(relation)} into a statement that ${does} ${said(table)} as ${relation.owner}, without comparing the tenant.`,
        severity: "high",
        evidence: [
          rule.definition,
          exposure.sentence,
          `an application role may ${rule.event.toUpperCase()} on ${said(relation)}`,
        ],
        keys: [objectKey.rule(relation, rule.name), objectKey.relation(relation)],
        fix: `drop the rule and use a trigger that runs as the invoker; or force row security on ${said(table)}`,
        attackable: true,
      };
    }
  }
  return null;
}

function actionsOf({ definition }: RewriteRule): SyntaxNode[] {
  const [tree] = parseStatements(definition) ?? [];
  return (tree?.RuleStmt?.actions as SyntaxNode[] | undefined) ?? [];
}
