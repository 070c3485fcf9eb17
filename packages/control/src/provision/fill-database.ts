/**
 * What an empty database is given before tenants can come: kit, tables, protection, keys that nobody knows. Templates are filled by it, and so is what
 * a release is judged by before it is one. Must never leave a table of tenants unprotected.
 */
import { installKit, protectTables, quoteName, rekeyKit, type Queryable, type RoleNames } from "@watertight/schema";
import { runSchema } from "./schema-version.ts";
import type { SchemaSource } from "./schema-source.ts";

/**
 * Fills the database of this connection.
 * @param roles of the kit; those that are missing are made by whoever may
 */
export async function fillDatabase(session: Queryable, roles: RoleNames, source: SchemaSource): Promise<void> {
  await prepareDatabase(session, roles);
  await runSchema(session, null, roles.owner, source.database, source.version);
  for (const { table, ...how } of source.tables) await protectTables(session, [table], how);
  for (const table of source.perhaps ?? []) await protectPerhaps(session, table);
  await rekeyKit(session);
}

/** The kit, and the owner's right to make tables: a database in which migrations can run. */
export async function prepareDatabase(session: Queryable, roles: RoleNames): Promise<void> {
  await installKit(session, { roles, level: "sealed" });
  // the owner makes tables wherever the schema wants them; in public too, which 15 and later close
  await session.query(`grant create, usage on schema public to ${quoteName(roles.owner)}`);
  const { rows } = await session.query("select pg_catalog.current_database() as name");
  await session.query(`grant create on database ${quoteName(rows[0]!["name"] as string)} to ${quoteName(roles.owner)}`);
}

/** Protects a table that has a tenant column. One without is shared: the check of the release has judged it. */
export async function protectPerhaps(session: Queryable, table: string): Promise<void> {
  const { rows } = await session.query(
    "select 1 from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1) and relkind in ('r', 'p')",
    [table],
  );
  // a later file dropped or renamed it
  if (rows.length === 0) return;
  await protectTables(session, [table]).catch((error: unknown) => {
    if ((error as { code?: string }).code !== "WT_KIT_TENANT_COLUMN") throw error;
  });
}
