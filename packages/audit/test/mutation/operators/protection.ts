/**
 * Mistakes with the switches: row security that is never put on, not forced, switched off again, put on late, or lost on the way.
 */
import { appended, postponed } from "../change.ts";
import type { CleanSchema, Operator } from "../mutation.ts";
import { mayDo } from "../policies.ts";
import { onStatements, reachedTables, type TenantTable } from "../tables.ts";
import { rangeName } from "../text.ts";

/** An operator that adds statements for each table, by its owner. */
function onTables(
  operator: Omit<Operator, "mutate">,
  more: (table: TenantTable, schema: CleanSchema) => readonly string[] | undefined,
): Operator {
  return {
    ...operator,
    mutate: (schema) =>
      reachedTables(schema).flatMap((table) => {
        const by = more(table, schema);
        return by === undefined ? [] : [appended(schema, table.name, table.relation.owner, ...by)];
      }),
  };
}

interface AlterTable {
  readonly relation: { schemaname?: string; relname: string };
  readonly cmds: readonly { AlterTableCmd: { subtype: string } }[];
}

const switched = ({ cmds }: AlterTable, subtype: string): boolean =>
  cmds.some(({ AlterTableCmd }) => AlterTableCmd.subtype === subtype);

const isReached = (schema: CleanSchema, node: AlterTable): boolean =>
  reachedTables(schema).some(({ name }) => name === rangeName(node.relation));

const app = ({ roles }: CleanSchema): string => roles.join(", ");

/** The table is partitioned: no LIKE INCLUDING ALL of its own, no rows. */
const plain = ({ relation }: TenantTable): boolean => relation.kind === "r" && !relation.isPartition;

/** Operators on switches. */
export const protectionOperators: readonly Operator[] = [
  onStatements(
    { name: "drop-enable", what: "ENABLE ROW LEVEL SECURITY is forgotten", vectors: ["A1", "A2"] },
    "AlterTableStmt",
    (_, node: AlterTable, schema) =>
      switched(node, "AT_EnableRowSecurity") && isReached(schema, node)
        ? { target: rangeName(node.relation), by: [] }
        : undefined,
  ),
  onStatements(
    { name: "drop-force", what: "FORCE ROW LEVEL SECURITY is forgotten", vectors: ["A3"] },
    "AlterTableStmt",
    (_, node: AlterTable, schema) =>
      switched(node, "AT_ForceRowSecurity") && isReached(schema, node)
        ? { target: rangeName(node.relation), by: [] }
        : undefined,
  ),
  onTables(
    { name: "disable-at-end", what: "a last migration switches row security off", vectors: ["A1", "A2", "A14"] },
    ({ name }) => [`alter table ${name} disable row level security`],
  ),
  onTables(
    { name: "no-force-at-end", what: "a last migration takes FORCE away", vectors: ["A3", "A14"] },
    ({ name, relation }) => (relation.forced ? [`alter table ${name} no force row level security`] : undefined),
  ),
  {
    name: "disable-window",
    what: "one migration switches row security off, the next one on again",
    vectors: ["A14"],
    history: true,
    mutate: (schema) =>
      reachedTables(schema).map(({ name, relation: { owner } }) => {
        const off = appended(schema, name, owner, `alter table ${name} disable row level security`);
        const on = [`set role ${owner}`, `alter table ${name} enable row level security`];
        return { ...off, migrations: [...off.migrations, on], delta: [] };
      }),
  },
  {
    name: "grant-before-enable",
    what: "the grant stands in one migration, ENABLE in the next",
    vectors: ["A11", "A14"],
    history: true,
    mutate: (schema) =>
      schema.statements.flatMap(({ tree }, at) => {
        const node = tree["AlterTableStmt"] as AlterTable | undefined;
        if (node === undefined || at < schema.given) return [];
        if (!switched(node, "AT_EnableRowSecurity") || !isReached(schema, node)) return [];
        return [postponed(schema, rangeName(node.relation), at)];
      }),
  },
  onTables(
    { name: "copy-like", what: "a copy by LIKE INCLUDING ALL, with the same rights", vectors: ["A12", "A1"] },
    (table, schema) =>
      plain(table)
        ? [
            `create table ${table.name}_copy (like ${table.name} including all)`,
            `grant select, insert on ${table.name}_copy to ${app(schema)}`,
          ]
        : undefined,
  ),
  onTables({ name: "copy-as-select", what: "a copy by CREATE TABLE … AS", vectors: ["A12", "A1"] }, (table, schema) =>
    plain(table)
      ? [
          `create table ${table.name}_copy as select * from ${table.name}`,
          `grant select on ${table.name}_copy to ${app(schema)}`,
        ]
      : undefined,
  ),
  onTables(
    {
      name: "child-by-inherits",
      what: "an archive that INHERITS, with rights of its own",
      vectors: ["A12", "A1", "F4"],
    },
    (table, schema) =>
      plain(table)
        ? [
            `create table ${table.name}_old () inherits (${table.name})`,
            `grant select on ${table.name}_old to ${app(schema)}`,
          ]
        : undefined,
  ),
  onTables(
    { name: "swap-by-rename", what: "a new table takes the name of the protected one", vectors: ["A12", "A1"] },
    (table, schema) => {
      if (!plain(table) || !mayDo(schema, table.relation, "SELECT")) return undefined;
      const { name } = table.relation;
      return [
        `create table ${table.name}_new (like ${table.name} including defaults including constraints)`,
        `alter table ${table.name} rename to ${name}_old`,
        `alter table ${table.name}_new rename to ${name}`,
        `grant select, insert, update, delete on ${table.name} to ${app(schema)}`,
      ];
    },
  ),
];
