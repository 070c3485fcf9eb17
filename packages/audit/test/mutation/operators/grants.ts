/** Mistakes with rights: those that row security does not filter, and those on objects that have none. */
import type { Relation } from "@watertight/schema";
import { appended } from "../change.ts";
import type { CleanSchema, Mutation, Operator } from "../mutation.ts";
import { mayDo } from "../policies.ts";
import { reachedTables, tenantTables } from "../tables.ts";

const first = ({ roles }: CleanSchema): string => roles[0] ?? "public";

/** GRANT of one right on each table that requests reach. */
const granted = (name: string, right: string, vectors: readonly string[]): Operator => ({
  name,
  what: `GRANT ${right.toUpperCase()}`,
  vectors,
  mutate: (schema) =>
    reachedTables(schema).flatMap(({ name: table, relation }): Mutation[] =>
      mayDo(schema, relation, right.toUpperCase())
        ? []
        : [appended(schema, table, relation.owner, `grant ${right} on ${table} to ${first(schema)}`)],
    ),
});

/** USAGE on a schema, where requests have none. */
function opening(schema: CleanSchema, name: string): string[] {
  const acl = schema.facts.snapshot.schemas.find((each) => each.name === name)?.acl ?? [];
  const open = acl.some(
    ({ role, privilege }) => privilege === "USAGE" && (role === "public" || schema.roles.includes(role)),
  );
  return open ? [] : [`grant usage on schema ${name} to ${first(schema)}`];
}

/** A policy shows every row to everybody. */
const isForAll = ({ facts }: CleanSchema, { schema, name }: Relation): boolean =>
  facts.snapshot.policies.some(
    ({ relation, permissive, using }) =>
      permissive && using === "true" && relation.schema === schema && relation.name === name,
  ) &&
  !facts.snapshot.policies.some(
    ({ relation, permissive }) => !permissive && relation.schema === schema && relation.name === name,
  );

/** Operators on rights. */
export const grantOperators: readonly Operator[] = [
  granted("grant-truncate", "truncate", ["F1"]),
  granted("grant-references", "references", ["F2"]),
  granted("grant-trigger", "trigger", ["F3"]),
  {
    name: "grant-unprotected",
    what: "a table without row security is opened to the application",
    vectors: ["A1", "F4", "C10", "A15"],
    mutate: (schema) =>
      tenantTables(schema).flatMap(({ name, relation }): Mutation[] => {
        if (relation.rowSecurity || mayDo(schema, relation, "SELECT")) return [];
        return [
          appended(
            schema,
            name,
            null,
            ...opening(schema, relation.schema),
            `grant select on ${name} to ${first(schema)}`,
          ),
        ];
      }),
  },
  {
    name: "open-partition",
    what: "a partition loses its own row security and gets rights",
    vectors: ["F4", "A1"],
    mutate: (schema) =>
      schema.facts.snapshot.relations.flatMap(({ schema: above, name, owner, isPartition }): Mutation[] => {
        const table = `${above}.${name}`;
        return isPartition
          ? [
              appended(
                schema,
                table,
                owner,
                `alter table ${table} disable row level security`,
                `grant select on ${table} to ${first(schema)}`,
              ),
            ]
          : [];
      }),
  },
  {
    name: "new-partition",
    what: "a partition with rights of its own",
    vectors: ["F4", "A12", "A1"],
    mutate: (schema) =>
      schema.facts.snapshot.relations.flatMap(({ schema: above, name, owner, partitioning, columns }): Mutation[] => {
        if (partitioning === null) return [];
        const type = columns.find((column) => column.name === partitioning.columns[0])?.type ?? "";
        const bounds = /^(date|timestamp)/.test(type) ? "from ('2031-01-01') to ('2032-01-01')" : null;
        const values =
          partitioning.strategy === "range" ? bounds : partitioning.strategy === "list" ? "in (null)" : null;
        if (values === null) return [];
        const table = `${above}.${name}_mutant`;
        return [
          appended(
            schema,
            table,
            owner,
            `create table ${table} partition of ${above}.${name} for values ${values}`,
            `grant select on ${table} to ${first(schema)}`,
          ),
        ];
      }),
  },
  {
    name: "detach-partition",
    what: "a partition with rights is detached from the parent that protected it",
    vectors: ["A15", "A1"],
    mutate: (schema) =>
      schema.facts.snapshot.relations.flatMap(({ schema: above, name, owner, isPartition, parents }): Mutation[] => {
        const [parent] = parents;
        const table = `${above}.${name}`;
        return isPartition && parent !== undefined
          ? [
              appended(
                schema,
                table,
                owner,
                `alter table ${parent.schema}.${parent.name} detach partition ${table}`,
                `alter table ${table} disable row level security`,
                `grant select on ${table} to ${first(schema)}`,
              ),
            ]
          : [];
      }),
  },
  {
    name: "grant-materialized-view",
    what: "SELECT on a materialized view of tenants' rows",
    vectors: ["D3"],
    mutate: (schema) =>
      schema.facts.snapshot.relations.flatMap(({ schema: above, name, kind }): Mutation[] =>
        kind === "m" && !mayDo(schema, { schema: above, name }, "SELECT")
          ? [
              appended(
                schema,
                `${above}.${name}`,
                null,
                ...opening(schema, above),
                `grant select on ${above}.${name} to ${first(schema)}`,
              ),
            ]
          : [],
      ),
  },
  {
    name: "new-materialized-view",
    what: "a materialized view over tenants' rows for the application",
    vectors: ["D3"],
    sparing: "tables whose rows are everybody's",
    mutate: (schema) =>
      reachedTables(schema).flatMap(({ name, relation, column }): Mutation[] =>
        column === null || isForAll(schema, relation)
          ? []
          : [
              appended(
                schema,
                name,
                relation.owner,
                `create materialized view ${name}_mutant as select ${column}, count(*) from ${name} group by 1`,
                `grant select on ${name}_mutant to ${first(schema)}`,
              ),
            ],
      ),
  },
  {
    name: "grant-sequence",
    what: "SELECT on a sequence that counts everybody's rows",
    vectors: ["F5"],
    mutate: (schema) =>
      schema.facts.snapshot.relations.flatMap(({ schema: above, name, kind, owner, acl }): Mutation[] => {
        const open = acl.some(({ role }) => role === "public" || schema.roles.includes(role));
        return kind === "S" && !open
          ? [appended(schema, `${above}.${name}`, owner, `grant all on sequence ${above}.${name} to ${first(schema)}`)]
          : [];
      }),
  },
  {
    name: "default-privileges",
    what: "default privileges open every table to come",
    vectors: ["A11"],
    mutate: (schema) =>
      [...new Set(reachedTables(schema).map(({ relation }) => relation.schema))].flatMap((above): Mutation[] => {
        const owner = reachedTables(schema).find(({ relation }) => relation.schema === above)!.relation.owner;
        const open = schema.facts.snapshot.defaultPrivileges.some(({ objects }) => objects === "tables");
        return open
          ? []
          : [
              appended(
                schema,
                above,
                owner,
                `alter default privileges in schema ${above} grant select, insert, update, delete on tables to ${first(schema)}`,
              ),
            ];
      }),
  },
  {
    name: "create-in-public",
    what: "CREATE on schema public, as before PostgreSQL 15",
    vectors: ["H4", "B17"],
    mutate: (schema) => [appended(schema, "public", null, "grant create on schema public to public")],
  },
];
