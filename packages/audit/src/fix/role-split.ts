/**
 * A role for the application that owns nothing: migrations go on as the owner, requests log in as the new role. Pure. Must never give more than
 * rows: no TRUNCATE, REFERENCES, TRIGGER, no default privileges.
 */
import { quoteName, quoteQualified, quoteText, type Relation } from "@watertight/schema";
import type { Facts } from "../rules/rule.ts";
import { ledgerName, platformOf } from "../understand/tenants/words.ts";
import type { FixStatement } from "./fix-plan.ts";

const rows = "select, insert, update, delete";

/**
 * Roles belong to the server, not to the database: where another database of it has made this one, it is taken, if row security binds it. It does not
 * bind whoever is, or may become, an owner of the tables or a role that sees all rows; owners are asked for where it runs, their names may differ there.
 */
function guarded(name: string, schemas: readonly string[]): string {
  const [role, text] = [quoteName(name), quoteText(name)];
  return `do $watertight$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = ${text}) then
    create role ${role} login nosuperuser nobypassrls nocreaterole nocreatedb noinherit;
  elsif exists (
    select from pg_catalog.pg_roles
    where (rolsuper or rolbypassrls) and pg_catalog.pg_has_role(${text}, oid, 'MEMBER')
  ) then
    raise exception 'role % is there already, and row security does not bind it', ${text};
  elsif exists (
    select from pg_catalog.pg_class
    where relkind in ('r', 'p') and pg_catalog.pg_has_role(${text}, relowner, 'MEMBER')
      and relnamespace in (select oid from pg_catalog.pg_namespace where nspname in (${schemas.map(quoteText).join(", ")}))
  ) then
    raise exception 'role % is there already, and owns tables here or may become their owner', ${text};
  end if;
end
$watertight$`;
}

/** The statements. Empty where no table of a tenant is known. */
export function roleSplit({ snapshot, understanding }: Facts, name: string): FixStatement[] {
  const schemas = [...new Set(understanding.tables.map(({ relation }) => relation.schema))].filter(
    (schema) => snapshot.schemas.find((each) => each.name === schema) !== undefined && platformOf(schema) === undefined,
  );
  const own = snapshot.relations.filter(
    ({ schema, extension, name: table, isPartition }) =>
      schemas.includes(schema) && extension === null && ledgerName(table) === undefined && !isPartition,
  );
  const of = (...kinds: Relation["kind"][]): string =>
    own
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ schema, name: table }) => quoteQualified(schema, table))
      .join(", ");
  const role = quoteName(name);
  const [tables, views, sequences] = [of("r", "p"), of("v", "m"), of("S")];
  if (tables === "") return [];
  return [
    guarded(name, schemas),
    ...schemas.map((schema) => `grant usage on schema ${quoteName(schema)} to ${role}`),
    `grant ${rows} on ${tables} to ${role}`,
    ...(views === "" ? [] : [`grant select on ${views} to ${role}`]),
    ...(sequences === "" ? [] : [`grant usage on sequence ${sequences} to ${role}`]),
  ].map((sql): FixStatement => ({ sql, lock: "short", stage: "roles", findings: [`role ${name}`] }));
}
