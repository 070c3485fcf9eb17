/** Mistakes with keys: foreign and unique keys without the tenant, a tenant that may be missing or has a default. */
import type { Constraint, Relation } from "@watertight/schema";
import { appended } from "../change.ts";
import { literalOf } from "../context.ts";
import type { CleanSchema, Mutation, Operator } from "../mutation.ts";
import { mayDo } from "../policies.ts";
import { reachedTables, type TenantTable } from "../tables.ts";

/** A key of several columns, the tenant among them, to another table of tenants. */
interface CompositeKey {
  readonly table: TenantTable;
  readonly constraint: Constraint;
  readonly parent: string;
  readonly parentOwner: string;
  /** Pairs without the tenant. */
  readonly columns: string;
  readonly parentColumns: string;
}

function compositeKeys(schema: CleanSchema): CompositeKey[] {
  const { constraints, relations } = schema.facts.snapshot;
  return reachedTables(schema).flatMap((table) =>
    constraints.flatMap((constraint): CompositeKey[] => {
      const { references, relation, columns } = constraint;
      if (references === null || table.column === null || columns.length < 2 || !columns.includes(table.column))
        return [];
      if (relation.schema !== table.relation.schema || relation.name !== table.relation.name) return [];
      const tenant = columns.indexOf(table.column);
      const owner = relations.find(
        ({ schema: above, name }) => above === references.relation.schema && name === references.relation.name,
      )?.owner;
      const writes = ["INSERT", "UPDATE"].some((each) => mayDo(schema, table.relation, each));
      return owner === undefined || !writes
        ? []
        : [
            {
              table,
              constraint,
              parent: `${references.relation.schema}.${references.relation.name}`,
              parentOwner: owner,
              columns: columns.toSpliced(tenant, 1).join(", "),
              parentColumns: references.columns.toSpliced(tenant, 1).join(", "),
            },
          ];
    }),
  );
}

/** The key again without the tenant, and with an action. */
const single = (name: string, action: string, vectors: readonly string[]): Operator => ({
  name,
  what: `a foreign key without the tenant${action === "" ? "" : `, ${action.toUpperCase()}`}`,
  vectors,
  mutate: (schema) =>
    compositeKeys(schema).map(({ table, constraint, parent, parentOwner, columns, parentColumns }) =>
      appended(
        schema,
        `${table.name} ${constraint.name}`,
        parentOwner,
        `alter table ${parent} add constraint mutant_key unique (${parentColumns})`,
        `set role ${table.relation.owner}`,
        `alter table ${table.name} drop constraint ${constraint.name}`,
        `alter table ${table.name} add constraint ${constraint.name} foreign key (${columns}) references ${parent} (${parentColumns}) ${action}`,
      ),
    ),
});

const isKey = ({ facts }: CleanSchema, relation: Relation, column: string): boolean =>
  facts.snapshot.constraints.some(
    (each) =>
      each.kind === "primary" &&
      each.relation.schema === relation.schema &&
      each.relation.name === relation.name &&
      each.columns.includes(column),
  );

/** An operator on the tenant column of a table. */
function onTenantColumn(
  operator: Omit<Operator, "mutate">,
  more: (table: TenantTable & { readonly column: string }, schema: CleanSchema) => readonly string[] | undefined,
): Operator {
  return {
    ...operator,
    mutate: (schema) =>
      reachedTables(schema).flatMap((table): Mutation[] => {
        const { column } = table;
        const by = column === null ? undefined : more({ ...table, column }, schema);
        return by === undefined ? [] : [appended(schema, table.name, table.relation.owner, ...by)];
      }),
  };
}

const written = (schema: CleanSchema, { relation }: TenantTable): boolean =>
  ["INSERT", "UPDATE"].some((each) => mayDo(schema, relation, each));

/** Operators on keys. */
export const keyOperators: readonly Operator[] = [
  single("single-column-key", "", ["E1", "E2", "E3", "E5"]),
  single("single-column-cascade", "on delete cascade", ["E1", "E2"]),
  single("single-column-restrict", "on delete restrict", ["E1", "E3"]),
  {
    name: "unique-without-tenant",
    what: "a unique index on what a user types, without the tenant",
    vectors: ["E5"],
    sparing: "tables that requests don't write, and columns of random keys",
    mutate: (schema) =>
      reachedTables(schema).flatMap((table): Mutation[] => {
        const text = table.relation.columns.find(({ type, name }) => type === "text" && name !== table.column);
        return text === undefined || !written(schema, table) || table.relation.partitioning !== null
          ? []
          : [
              appended(
                schema,
                `${table.name} ${text.name}`,
                table.relation.owner,
                `create unique index on ${table.name} (${text.name})`,
              ),
            ];
      }),
  },
  onTenantColumn(
    {
      name: "nullable-tenant",
      what: "NOT NULL of the tenant column is forgotten",
      vectors: ["B15", "E4"],
      sparing: "columns of a primary key, which can't be null",
    },
    ({ name, relation, column }, schema) =>
      isKey(schema, relation, column) || relation.columns.find((each) => each.name === column)?.notNull !== true
        ? undefined
        : [`alter table ${name} alter column ${column} drop not null`],
  ),
  onTenantColumn(
    {
      name: "literal-default",
      what: "the tenant column has a tenant as its default",
      vectors: ["B15"],
      sparing: "columns that may be null: that is said already",
    },
    ({ name, relation, column }, schema) => {
      const { type = "", notNull = false } = relation.columns.find((each) => each.name === column) ?? {};
      const literal = literalOf(type);
      return literal === undefined || !notNull || !written(schema, { name, relation, column })
        ? undefined
        : [`alter table ${name} alter column ${column} set default ${literal}`];
    },
  ),
  onTenantColumn(
    {
      name: "check-by-function",
      what: "a CHECK that asks a function which reads the table",
      vectors: ["E7"],
      sparing: "tables that requests don't write",
    },
    ({ name, relation, column }, schema) =>
      written(schema, { name, relation, column })
        ? [
            `create function ${relation.schema}.mutant(t ${relation.columns.find((each) => each.name === column)!.type}) returns boolean language sql stable set search_path = '' as $$ select count(*) < 10 from ${name} x where x.${column} = t $$`,
            `alter table ${name} add constraint mutant check (${relation.schema}.mutant(${column}))`,
          ]
        : undefined,
  ),
];
