/**
 * A schema of our own in the throw-away database: functions of the superuser by which an attack's own transaction can show what it really did
 * (a role that is blind to foreign rows cannot count them) and by which a negative control switches a defence off before the same attack.
 * They exist after the catalog was read, so no rule and no attack takes them for a part of the application. Must never exist outside of the
 * throw-away server: they give everybody everything.
 */
import { quoteName, quoteText, type Relation } from "@watertight/schema";
import { nameOf } from "../seed/values.ts";
import type { Session } from "../wire/session.ts";

/** The statements that use a lab. Its name is another one in every run: what a schema cannot name, it cannot look out for. */
export interface Lab {
  readonly schema: string;
  /** A statement that runs another one as the superuser. */
  run(statement: string): string;
  /** The same with constraints and triggers at work. */
  plant(statement: string): string;
  /** A statement that switches triggers and foreign keys off for the transaction. */
  readonly withoutTriggers: string;
  /** A statement that shows all rows of a relation; the name is quoted already. */
  rows(relation: string): string;
  /** The same for a relation of the snapshot; it is asked after nearly every step of every attack. */
  rowsOf(relation: Relation): string;
}

const definition = (labSchema: string): string => `
create schema ${labSchema};
-- Runs any statement as the superuser, unseen by the triggers and event triggers of the schema under attack.
create function ${labSchema}.run(statement text) returns void language plpgsql security definer as $$
declare before text := pg_catalog.current_setting('session_replication_role');
begin
  perform pg_catalog.set_config('session_replication_role', 'replica', true);
  execute statement;
  perform pg_catalog.set_config('session_replication_role', before, true);
end $$;
-- The same with all constraints and triggers at work.
create function ${labSchema}.plant(statement text) returns void language plpgsql security definer as $$
begin
  execute statement;
end $$;
-- No trigger fires any more in this transaction, also not those behind foreign keys.
create function ${labSchema}.without_triggers() returns void language plpgsql security definer as $$
begin
  perform pg_catalog.set_config('session_replication_role', 'replica', true);
end $$;
-- All rows of a table, whoever asks: where each lies, in which partition, and its columns as text.
create function ${labSchema}.rows(relation text) returns table (place text, leaf text, cells json) language plpgsql security definer
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO' set intervalstyle = 'postgres' set extra_float_digits = 1 set bytea_output = 'hex' as $$
declare columns text;
begin
  select pg_catalog.string_agg(pg_catalog.format('%I::text', a.attname), ', ' order by a.attnum) into columns
    from pg_catalog.pg_attribute a where a.attrelid = relation::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped;
  return query execute pg_catalog.format('select tableoid::text || ctid::text, tableoid::pg_catalog.regclass::text, pg_catalog.to_json(array[%s]::text[]) from %s', columns, relation);
end $$;
-- The same with the list of columns given: looking it up takes as long as all the rest.
create function ${labSchema}.rows(relation text, columns text) returns table (place text, leaf text, cells json) language plpgsql security definer
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO' set intervalstyle = 'postgres' set extra_float_digits = 1 set bytea_output = 'hex' as $$
begin
  return query execute pg_catalog.format('select tableoid::text || ctid::text, tableoid::pg_catalog.regclass::text, pg_catalog.to_json(array[%s]::text[]) from %s', columns, relation);
end $$;
grant usage on schema ${labSchema} to public;
grant execute on all functions in schema ${labSchema} to public`;

/** Makes the schema, or makes it anew. */
export async function installLab(admin: Session, { schema }: Lab): Promise<void> {
  await admin.must("set session_replication_role = replica");
  // those that fire ALWAYS, too; before 17 there is no such switch
  await admin.run(["set event_triggers = off"]);
  await admin.must("set client_min_messages = warning");
  await admin.must(`drop schema if exists ${schema} cascade; ${definition(schema)}`);
  await admin.must("reset session_replication_role");
}

/** The lab of a schema's name. */
export function labIn(schema: string): Lab {
  const statements = new WeakMap<Relation, string>();
  return {
    schema,
    run: (statement) => `select ${schema}.run(${quoteText(statement)})`,
    plant: (statement) => `select ${schema}.plant(${quoteText(statement)})`,
    withoutTriggers: `select ${schema}.without_triggers()`,
    rows: (relation) => `select * from ${schema}.rows(${quoteText(relation)})`,
    rowsOf(relation) {
      const known = statements.get(relation);
      if (known !== undefined) return known;
      const columns = columnsOf(relation).map(({ name }) => `${quoteName(name)}::text`);
      const text = `select * from ${schema}.rows(${quoteText(nameOf(relation))}, ${quoteText(columns.join(", "))})`;
      statements.set(relation, text);
      return text;
    },
  };
}

const sorted = new WeakMap<Relation, Relation["columns"]>();

/** The columns of a relation in the order in which the lab shows them. */
export function columnsOf(relation: Relation): Relation["columns"] {
  const known = sorted.get(relation) ?? relation.columns.toSorted((one, other) => one.number - other.number);
  sorted.set(relation, known);
  return known;
}
