/** The tables of a clean schema that operators break: those whose rows belong to tenants and that requests reach. */
import type { Relation } from "@watertight/schema";
import { replaced } from "./change.ts";
import type { CleanSchema, Mutation, Operator } from "./mutation.ts";
import { mayDo } from "./policies.ts";

/** A table with tenants' rows, its name for SQL, and its tenant column where it has one. */
export interface TenantTable {
  readonly relation: Relation;
  readonly name: string;
  readonly column: string | null;
}

/** Tables, partitioned ones included, whose rows belong to tenants; the user's own. */
export function tenantTables({ facts, given, statements }: CleanSchema): TenantTable[] {
  const platform = statements
    .slice(0, given)
    .map(({ text }) => text)
    .join("\n");
  return facts.snapshot.relations.flatMap((relation) => {
    const understood = facts.understanding.tables.find(
      (each) => each.relation.schema === relation.schema && each.relation.name === relation.name,
    );
    if (understood === undefined || !/^[rp]$/.test(relation.kind)) return [];
    if (/^(global|unknown)$/.test(understood.tenancy.kind)) return [];
    const name = `${relation.schema}.${relation.name}`;
    if (platform.includes(`create table ${name} `)) return [];
    const column = understood.tenancy.kind === "column" ? understood.tenancy.column : null;
    return [{ relation, name, column }];
  });
}

/** Those that requests read or write, with row security. */
export function reachedTables(schema: CleanSchema): TenantTable[] {
  const commands = ["SELECT", "INSERT", "UPDATE", "DELETE"];
  return tenantTables(schema).filter(
    ({ relation }) => relation.rowSecurity && commands.some((each) => mayDo(schema, relation, each)),
  );
}

/** An operator that changes the statements of a type; undefined leaves one alone. */
export function onStatements(
  operator: Omit<Operator, "mutate">,
  type: string,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in SyntaxNode
  change: (text: string, node: any, schema: CleanSchema) => { target: string; by: readonly string[] } | undefined,
): Operator {
  return {
    ...operator,
    mutate: (schema) =>
      schema.statements.flatMap(({ text, tree }, at): Mutation[] => {
        const node: unknown = tree[type];
        const found = node === undefined || at < schema.given ? undefined : change(text, node, schema);
        return found === undefined ? [] : [replaced(schema, found.target, at, ...found.by)];
      }),
  };
}
