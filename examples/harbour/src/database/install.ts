// From an empty server to a protected application: schema and data once, as a template; then, for each database copied from it, the kit,
// the owner, the grants, the protection and the tenants.
import { followTenants, installKit } from "@watertight/schema";
import type { RoleNames } from "@watertight/schema";
import pg from "pg";
import type { Dataset } from "../data/generate.ts";
import { loadDataset } from "../data/load.ts";
import type { Cluster } from "./cluster.ts";
import { protectHarbour } from "./protect.ts";
import type { Site } from "./site.ts";
import { fill, sqlFile } from "./sql-files.ts";

/** Builds the template database with Harbour's schema and data, without any isolation. */
export async function buildTemplate(cluster: Cluster, dataset: Dataset): Promise<string> {
  const name = await cluster.create("data");
  await cluster.asAdmin(name, async (client) => {
    await client.query(await sqlFile("000_directory.sql"));
    await client.query(await sqlFile("010_tables.sql"));
    await loadDataset(client, dataset);
    await client.query(await sqlFile("020_keys.sql"));
    await client.query(await sqlFile("030_views.sql"));
    await client.query("analyze");
  });
  return name;
}

/** Copies the template and puts the copy under the kit. */
export async function installSite(
  cluster: Cluster,
  template: string,
  name: string,
  level: Site["level"],
): Promise<Site> {
  const database = await cluster.create(name, template);
  return cluster.asAdmin(database, async (client) => {
    const { key = "", roles } = await installKit(client, { level, roles: cluster.roles });
    if (cluster.password !== "") await setPasswords(client, roles, cluster.password);
    const above = await whoIsAbove(client, roles);
    if (above !== "superuser") await joinRoles(client, roles);
    await handOver(client, roles.owner);
    await protectHarbour(client);
    await client.query(await sqlFile("035_tenant_column.sql"));
    await client.query(fill(await sqlFile("040_grants.sql"), { ...roles }));
    await client.query(searchPathOf(database));
    await followTenants(client, "directory.tenants", "id");
    const bypass = above === "superuser" ? client.user! : roles.migrator;
    return {
      cluster,
      database,
      level,
      key,
      above,
      variables: { ...roles, database, bypass, legacy: cluster.legacy, password: cluster.password },
    };
  });
}

/** What unqualified names mean; pg_temp last, or temporary objects would stand in front of everything (B17). */
export const searchPath = "harbour, directory, pg_temp";
const searchPathOf = (database: string): string =>
  `alter database ${pg.escapeIdentifier(database)} set search_path = ${searchPath}`;

/** A copy of an installed site. Neither rights nor settings of the database are copied with a template: TEMP comes back, and goes again. */
export async function copySite(original: Site, name: string): Promise<Site> {
  const { cluster } = original;
  const database = await cluster.create(name, original.database);
  await cluster.asAdmin("postgres", (client) =>
    client.query(
      `revoke temporary on database ${pg.escapeIdentifier(database)} from public; ${searchPathOf(database)}`,
    ),
  );
  return { ...original, database, variables: { ...original.variables, database } };
}

async function whoIsAbove(client: pg.Client, { migrator }: RoleNames): Promise<Site["above"]> {
  const { rows } = await client.query<{ superuser: boolean; bypass: boolean }>(
    "select bool_or(rolsuper and rolname = current_user) as superuser, bool_or(rolbypassrls and rolname = $1) as bypass from pg_roles where rolname in (current_user, $1)",
    [migrator],
  );
  return rows[0]!.superuser ? "superuser" : rows[0]!.bypass ? "migrator" : "nobody";
}

// A mere database owner gives things away only to roles that it belongs to, and only into schemas where they may create.
async function joinRoles(client: pg.Client, { owner, migrator }: RoleNames): Promise<void> {
  const [o, m] = [pg.escapeIdentifier(owner), pg.escapeIdentifier(migrator)];
  await client.query(`grant ${o}, ${m} to current_user; grant usage, create on schema harbour, directory to ${o}`);
}

async function setPasswords(client: pg.Client, roles: RoleNames, password: string): Promise<void> {
  for (const role of [roles.app, roles.migrator, roles.control, roles.readonly]) {
    await client.query(`alter role ${pg.escapeIdentifier(role)} password ${pg.escapeLiteral(password)}`);
  }
}

// Everything of the application belongs to the kit's owner, who cannot log in: nobody who can log in may switch row security off (A7).
async function handOver(client: pg.Client, owner: string): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    `select format('alter %s %s owner to %I', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, c.oid::regclass, $1::text) as statement
       from pg_class c where c.relnamespace = any (array['harbour', 'directory']::regnamespace[]) and c.relkind in ('r', 'p', 'v', 'm')
      union all
     select format('alter function %s owner to %I', p.oid::regprocedure, $1::text) from pg_proc p where p.pronamespace = any (array['harbour', 'directory']::regnamespace[])
      union all
     select format('alter schema %I owner to %I', s, $1::text) from unnest(array['harbour', 'directory']) s`,
    [owner],
  );
  await client.query(rows.map(({ statement }) => statement).join(";\n"));
}
