/**
 * What each role of the application may do with each relation, asked of PostgreSQL itself: attacks choose columns by it, and leave out what a
 * role could not even name. Must never decide a verdict: the attempt does.
 */
import { quoteText, type Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import type { Session } from "../wire/session.ts";

/** Rights on one relation. */
export interface Rights {
  readonly select: ReadonlySet<string>;
  readonly insert: ReadonlySet<string>;
  readonly update: ReadonlySet<string>;
  /** On the whole relation: also its system columns can be read. */
  readonly selectAll: boolean;
  readonly delete: boolean;
  readonly truncate: boolean;
  readonly references: boolean;
  readonly trigger: boolean;
  /** Nothing is left to grant. */
  readonly everything: boolean;
}

/** Rights of all roles. */
export interface RightsBook {
  of(role: string, relation: Relation): Rights;
  usage(role: string, schema: string): boolean;
  /** EXECUTE, and USAGE on the schema. */
  call(role: string, signature: string): boolean;
  /** TEMP on the database. */
  temp(role: string): boolean;
}

const none: Rights = {
  select: new Set(),
  insert: new Set(),
  update: new Set(),
  selectAll: false,
  delete: false,
  truncate: false,
  references: false,
  trigger: false,
  everything: false,
};

const query = (roles: readonly string[]): string => `
select r.rolname, n.nspname || '.' || c.relname,
       (select pg_catalog.json_agg(a.attname) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')),
       (select pg_catalog.json_agg(a.attname) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'INSERT')),
       (select pg_catalog.json_agg(a.attname) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'UPDATE')),
       pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT'), pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT'), pg_catalog.has_table_privilege(r.oid, c.oid, 'UPDATE'),
       pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE'), pg_catalog.has_table_privilege(r.oid, c.oid, 'TRUNCATE'), pg_catalog.has_table_privilege(r.oid, c.oid, 'REFERENCES'), pg_catalog.has_table_privilege(r.oid, c.oid, 'TRIGGER')
  from pg_catalog.pg_roles r, pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where r.rolname in (${roles.map(quoteText).join(", ")}) and c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

const names = (json: string | null | undefined): ReadonlySet<string> =>
  new Set(json ? (JSON.parse(json) as string[]) : []);

/** Reads the rights of the given roles. */
export async function readRights(admin: Session, roles: readonly string[]): Promise<RightsBook> {
  const list = roles.map(quoteText).join(", ") || "''";
  // signatures as in the snapshot: nothing on the search path
  const [, , routines] = await admin.run([
    "begin",
    "set local search_path = ''",
    `select r.rolname, p.oid::pg_catalog.regprocedure::text from pg_catalog.pg_roles r, pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where r.rolname in (${list}) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE') and pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')`,
    "commit",
  ]);
  const [tables, schemas, temp] = await Promise.all([
    admin.must(query(roles.length > 0 ? roles : [""])),
    admin.must(
      `select r.rolname, n.nspname from pg_catalog.pg_roles r, pg_catalog.pg_namespace n where r.rolname in (${list}) and pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')`,
    ),
    admin.must(
      `select r.rolname from pg_catalog.pg_roles r where r.rolname in (${list}) and pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'TEMP')`,
    ),
  ]);
  const found = new Map<string, Rights>();
  for (const [role, relation, select, insert, update, ...flags] of tables.rows) {
    const [all, allInsert, allUpdate, del, truncate, references, trigger] = flags.map((flag) => flag === "t");
    found.set(`${role} ${relation}`, {
      select: names(select),
      insert: names(insert),
      update: names(update),
      selectAll: all!,
      delete: del!,
      truncate: truncate!,
      references: references!,
      trigger: trigger!,
      everything: flags.every((flag) => flag === "t") && allInsert! && allUpdate!,
    });
  }
  const usages = new Set(schemas.rows.map(([role, schema]) => `${role} ${schema}`));
  const calls = new Set(routines!.rows.map(([role, signature]) => `${role} ${signature}`));
  const temps = new Set(temp.rows.map(([role]) => role));
  return {
    of: (role, relation) => found.get(`${role} ${dotted(relation)}`) ?? none,
    usage: (role, schema) => usages.has(`${role} ${schema}`),
    call: (role, signature) => calls.has(`${role} ${signature}`),
    temp: (role) => temps.has(role),
  };
}
