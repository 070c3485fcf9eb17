/**
 * Asks with the login's own password what it can do: it comes into its own database, and has no right that writes, on any table, and none to read
 * one directly. Must never leave a connection behind.
 */
import pg from "pg";
import { cellUrl } from "../cells/cell-url.ts";
import { controlError } from "../errors/control-error.ts";

/** @throws ControlError WT_PROVISION_LEAK, WT_CELL_UNREACHABLE */
export async function testReportingLogin(
  adminUrl: string,
  database: string,
  login: { readonly role: string; readonly password: string },
  operation: string,
): Promise<void> {
  const client = new pg.Client({
    connectionString: cellUrl(adminUrl, database, login),
    application_name: `watertight smoke ${operation}`,
    connectionTimeoutMillis: 10_000,
    options: "-c statement_timeout=30000",
  });
  client.on("error", () => {});
  try {
    await client.connect().catch((error: Error) => {
      throw controlError("WT_CELL_UNREACHABLE", { detail: `${login.role}: ${error.message}`, cause: error });
    });
    const { rows } = await client.query<{ name: string }>(
      `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
          and (pg_catalog.has_table_privilege(c.oid, 'insert, update, delete, truncate, references, trigger')
               or pg_catalog.has_any_column_privilege(c.oid, 'insert, update, references')
               or exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polname like 'watertight%') and pg_catalog.has_any_column_privilege(c.oid, 'select'))
       union all select 'database ' || d.datname from pg_catalog.pg_database d
        where d.datname <> pg_catalog.current_database() and pg_catalog.has_database_privilege(d.oid, 'connect')
          and pg_catalog.shobj_description(d.oid, 'pg_database') like 'watertight operation %' order by 1 limit 20`,
    );
    if (rows.length > 0)
      throw controlError("WT_PROVISION_LEAK", {
        detail: `${login.role} has rights on ${rows.map(({ name }) => name).join(", ")}`,
        next: "Take from PUBLIC what stands there: watertight kit status.",
      });
  } finally {
    await client.end().catch(() => {});
  }
}
