/**
 * The floor of a table: the policies that its tenancy asks for, and only then row security, so that nobody is locked out in between. Pure. Must never
 * guess a context without saying so: a policy that compares with the wrong setting locks everybody out.
 */
import { quoteName, quoteQualified, type Relation } from "@watertight/schema";
import type { Tenancy } from "../../understand/understanding.ts";
import type { Facts } from "../rule.ts";
import { understoodTable } from "../judge/tenant-rows.ts";
import { tenantCheck, tenantCheckWords } from "./tenant-check.ts";

/** The restrictive floor, a permissive policy where there is none, ENABLE, FORCE; or why not. */
export function floorStatements(facts: Facts, relation: Relation): string[] | string {
  if (facts.understanding.context.length === 0 && isTenants(facts, relation))
    return "no policy shows where the tenant of a request comes from; declare context in watertight.config.ts, or run: watertight kit install";
  return statementsOf(facts, relation);
}

/** The same as the fix of a finding: statements in their order, with the setting that is assumed where none is shown; words where nobody can tell. */
export function floorFix(facts: Facts, relation: Relation): string {
  const statements = statementsOf(facts, relation);
  if (typeof statements === "string")
    return `first a policy that makes ${tenantCheckWords(facts, relation)}, then: ${switches(relation).join("; ")}`;
  // a child compares with its parent, and names no setting
  const assumed = facts.understanding.context.length === 0 && statements.some((sql) => sql.includes("'app.tenant_id'"));
  return [
    ...(assumed
      ? [
          "-- app.tenant_id stands for the setting in which your requests name their tenant: no policy shows one, so put yours in its place",
        ]
      : []),
    ...statements.map((sql) => `${sql};`),
  ].join("\n");
}

function statementsOf(facts: Facts, relation: Relation): string[] | string {
  const { snapshot } = facts;
  const table = understoodTable(facts, relation);
  if (table === undefined || table.tenancy.kind === "unknown")
    return "nobody can tell how its rows find their tenant; declare it in watertight.config.ts";
  if (table.tenancy.kind === "global") return "it is shared by all; revoke what the application must not write";
  const check = checkOf(facts, relation, table.tenancy);
  if (check === null)
    return "the schema does not show how the tenant of a request is compared with its rows: write the policy by hand";
  const permissive = snapshot.policies.some(
    (policy) =>
      policy.permissive && policy.relation.schema === relation.schema && policy.relation.name === relation.name,
  );
  const name = quoteQualified(relation.schema, relation.name);
  const shown = table.publicRows === null ? check : `(${check}) or (${table.publicRows})`;
  return [
    `create policy watertight_floor on ${name} as restrictive for all to public using (${shown}) with check (${check})`,
    ...(permissive ? [] : [`create policy watertight_all on ${name} for all to public using (true) with check (true)`]),
    ...switches(relation),
  ];
}

/** ENABLE and FORCE, as far as they are missing. */
function switches(relation: Relation): string[] {
  const name = quoteQualified(relation.schema, relation.name);
  return [
    ...(relation.rowSecurity ? [] : [`alter table ${name} enable row level security`]),
    ...(relation.forced ? [] : [`alter table ${name} force row level security`]),
  ];
}

/** Whether it has a tenancy at all: then a context is missed, and not an answer about the table. */
function isTenants(facts: Facts, relation: Relation): boolean {
  const kind = understoodTable(facts, relation)?.tenancy.kind;
  return kind !== undefined && kind !== "unknown" && kind !== "global";
}

function checkOf(facts: Facts, relation: Relation, tenancy: Tenancy): string | null {
  if (tenancy.kind === "column" || tenancy.kind === "tenants") return tenantCheck(facts, relation);
  if (tenancy.kind !== "derived") return null;
  // The parent's own row security decides: whoever sees the parent's row sees its children.
  const parent = quoteQualified(tenancy.parent.schema, tenancy.parent.name);
  const own = quoteQualified(relation.schema, relation.name);
  const pairs = tenancy.columns.map(
    (column, at) => `parent.${quoteName(tenancy.parentColumns[at]!)} = ${own}.${quoteName(column)}`,
  );
  return `exists (select from ${parent} as parent where ${pairs.join(" and ")})`;
}
