/** Mistakes in what happens beside a statement: rules, triggers, replication, notifications. */
import { functionsOf } from "../functions.ts";
import { appended, replaced } from "../change.ts";
import { contextSetting } from "../context.ts";
import type { CleanSchema, Mutation, Operator } from "../mutation.ts";
import { mayDo } from "../policies.ts";
import { reachedTables, type TenantTable } from "../tables.ts";
import { at, put } from "../text.ts";

/** A table of the same owner that its policies do not bind. */
function unforced(schema: CleanSchema, { relation, name }: TenantTable): TenantTable | undefined {
  return reachedTables(schema).find(
    (each) => each.name !== name && !each.relation.forced && each.relation.owner === relation.owner,
  );
}

const by = (
  operator: Omit<Operator, "mutate">,
  more: (table: TenantTable, schema: CleanSchema) => readonly string[] | undefined,
): Operator => ({
  ...operator,
  mutate: (schema) =>
    reachedTables(schema).flatMap((table): Mutation[] => {
      const added = more(table, schema);
      return added === undefined ? [] : [appended(schema, table.name, table.relation.owner, ...added)];
    }),
});

/** Operators on side effects. */
export const effectOperators: readonly Operator[] = [
  by(
    {
      name: "rule-deletes",
      what: "a rewrite rule deletes elsewhere, as the table's owner",
      vectors: ["D10"],
      sparing: "schemas in which every table binds its owner",
    },
    (table, schema) => {
      const other = mayDo(schema, table.relation, "INSERT") ? unforced(schema, table) : undefined;
      return other && [`create rule mutant as on insert to ${table.name} do also delete from ${other.name}`];
    },
  ),
  by(
    {
      name: "definer-trigger",
      what: "a definer trigger writes the tenant that NEW says",
      vectors: ["D8"],
      sparing: "schemas in which every table binds its owner",
    },
    (table, schema) => {
      const other = mayDo(schema, table.relation, "INSERT") ? unforced(schema, table) : undefined;
      if (other === undefined || other.column === null) return undefined;
      return [
        `create function ${table.relation.schema}.mutant() returns trigger language plpgsql security definer set search_path = '' as $$ begin delete from ${other.name}; return new; end $$`,
        `create trigger mutant before insert on ${table.name} for each row execute function ${table.relation.schema}.mutant()`,
      ];
    },
  ),
  by(
    {
      name: "deferred-trigger",
      what: "a deferred trigger writes for whoever is the context at COMMIT",
      vectors: ["C5"],
      sparing: "tables that requests don't write",
    },
    (table, schema) => {
      const { relation, name } = table;
      const other = reachedTables(schema).find((each) => each.name !== name && each.column !== null);
      const setting = contextSetting(schema);
      if (other === undefined || setting === undefined || !mayDo(schema, relation, "INSERT") || relation.kind !== "r")
        return undefined;
      const type = other.relation.columns.find((each) => each.name === other.column)!.type;
      return [
        `create function ${relation.schema}.mutant() returns trigger language plpgsql set search_path = '' as $$ begin insert into ${other.name} (${other.column}) values (nullif(pg_catalog.current_setting('${setting}', true), '')::${type}); return null; end $$`,
        `create constraint trigger mutant after insert on ${name} deferrable initially deferred for each row execute function ${relation.schema}.mutant()`,
      ];
    },
  ),
  by(
    {
      name: "notify-row",
      what: "a trigger sends the row to everybody who listens",
      vectors: ["F10"],
      sparing: "tables that requests don't write",
    },
    ({ name, relation }, schema) =>
      mayDo(schema, relation, "INSERT")
        ? [
            `create function ${relation.schema}.mutant() returns trigger language plpgsql set search_path = '' as $$ begin perform pg_catalog.pg_notify('rows', pg_catalog.row_to_json(new)::text); return null; end $$`,
            `create trigger mutant after insert on ${name} for each row execute function ${relation.schema}.mutant()`,
          ]
        : undefined,
  ),
  {
    name: "publish-everything",
    what: "a publication without a row filter",
    vectors: ["F9"],
    mutate: (schema) =>
      reachedTables(schema)
        .filter(({ relation }) => !relation.isPartition)
        .map(({ name }) => appended(schema, name, null, `create publication mutant for table ${name}`)),
  },
  {
    name: "unfiltered-publication",
    what: "the row filter of a publication is forgotten",
    vectors: ["F9"],
    mutate: (schema) =>
      schema.statements.flatMap(({ text, tree }, index): Mutation[] => {
        if (tree["CreatePublicationStmt"] === undefined || !/\bwhere\s*\(/i.test(text)) return [];
        return [
          replaced(
            schema,
            tree["CreatePublicationStmt"].pubname as string,
            index,
            text.replace(/\s+where\s*\(.*\)\s*$/is, ""),
          ),
        ];
      }),
  },
  {
    name: "trigger-unchecked",
    what: "a definer trigger no longer compares NEW with the context",
    vectors: ["D8", "D4", "D16"],
    mutate: (schema) =>
      functionsOf(schema).flatMap(({ at: index, text, body, routine, target }): Mutation[] => {
        if (!routine.securityDefiner || routine.returns !== "trigger" || body === undefined) return [];
        const before = at(text, body);
        const after = before.replace(/\bif new\.[\s\S]*?end if;/i, "");
        return after === before ? [] : [replaced(schema, target, index, put(text, body, after))];
      }),
  },
];
