/**
 * P2 (performance): what a policy costs on every row. No index that begins with the tenant; the context asked for again on each row instead of once in a
 * sub-select; the tenant column cast, which no index follows. No leak, and never more than low.
 */
import { type Policy, quoteName, quoteQualified, type Relation } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { objectKey } from "../../history/object-key.ts";
import { nameWords, parseExpression } from "../../understand/sql/parser.ts";
import { partsOfTables } from "../judge/parts-of-table.ts";
import { isBound } from "../judge/row-access.ts";
import { tenancyOf, tenantColumn, tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const policyCost: Rule = {
  id: "P2",
  slug: "P2-policy-cost",
  title: "Policy that costs on every row (performance)",
  needs: "catalog",
  find: (facts) =>
    tenantRelations(facts)
      .filter((table) => !table.isPartition && isBound(facts, table))
      .flatMap((table) => [...missingIndex(facts, table), ...policiesOf(facts, table)]),
};

function missingIndex(facts: Facts, table: Relation): RuleFinding[] {
  const column = tenantColumn(facts, table);
  if (column === null || tenancyOf(facts, table).kind !== "column") return [];
  const indexed = partsOfTables(facts.snapshot)
    .indexes(table)
    .some(({ columns, predicate }) => columns[0] === column && predicate === null);
  if (indexed) return [];
  return [
    {
      object: { kind: "table", schema: table.schema, name: table.name },
      message: `Performance: no index of ${table.name} begins with ${column}, so every query reads all tenants' rows to find its own.`,
      severity: "low",
      evidence: [`the policy compares ${column} on each row`],
      keys: [objectKey.relation(table)],
      fix: `create index concurrently on ${quoteQualified(table.schema, table.name)} (${quoteName(column)});`,
      attackable: false,
    },
  ];
}

function policiesOf(facts: Facts, table: Relation): RuleFinding[] {
  return partsOfTables(facts.snapshot)
    .policies(table)
    .flatMap((policy) => {
      const found = costs(facts, policy, tenantColumn(facts, table));
      const [first] = found;
      if (first === undefined) return [];
      return {
        object: { kind: "policy", schema: table.schema, name: table.name, part: policy.name } as const,
        message: `Performance: policy ${policy.name} of ${table.name} ${first.what}.`,
        severity: first.severity,
        evidence: found.map(({ what }) => what),
        keys: [objectKey.policy(table, policy.name), objectKey.relation(table)],
        fix: first.fix,
        attackable: false,
      };
    });
}

interface Cost {
  readonly what: string;
  readonly severity: "low" | "info";
  readonly fix: string;
}

function costs(facts: Facts, { using, check, calls }: Policy, tenant: string | null): Cost[] {
  const found: Cost[] = [];
  for (const text of [using, check]) {
    const tree = text === null ? null : parseExpression(text);
    if (tree === null) continue;
    outside(tree, (type, node) => {
      if (type === "FuncCall") {
        const name = nameWords(node.funcname as SyntaxNode[]).join(".");
        const routine = calls
          .flatMap((signature) => partsOfTables(facts.snapshot).routine(signature) ?? [])
          .find((each) => [`${each.schema}.${each.name}`, each.name].includes(name));
        const perRow = /(^|\.)current_setting$/.test(name) || (routine !== undefined && routine.arguments.length === 0);
        if (perRow)
          found.push({
            what: `asks ${name}() for every row`,
            severity: routine && routine.language !== "sql" ? "low" : "info",
            fix: `Put the call into a sub-select, which runs once a query: (select ${name}(…)).`,
          });
      }
      if (
        type === "TypeCast" &&
        tenant !== null &&
        nameWords(node.arg?.ColumnRef?.fields as SyntaxNode[] | undefined).at(-1) === tenant
      )
        found.push({
          what: `casts ${tenant}, so no index on it is used`,
          severity: "low",
          fix: `Cast the other side: ${quoteName(tenant)} = (select …)::type.`,
        });
    });
  }
  return found.sort((one, other) => (one.severity === other.severity ? 0 : one.severity === "low" ? -1 : 1));
}

/** Visits what is evaluated for each row: everything but the inside of sub-selects. */
function outside(node: unknown, visit: (type: string, node: SyntaxNode) => void): void {
  if (Array.isArray(node)) for (const each of node) outside(each, visit);
  else if (node !== null && typeof node === "object")
    for (const [key, inner] of Object.entries(node as SyntaxNode)) {
      if (key === "SubLink") continue;
      if (/^[A-Z]/.test(key) && inner !== null && typeof inner === "object" && !Array.isArray(inner))
        visit(key, inner as SyntaxNode);
      outside(inner, visit);
    }
}
