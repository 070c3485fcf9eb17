/**
 * Installs the catalog, or brings it up to date: the same call, one transaction, a second run changes nothing. Works as a superuser and as a
 * database owner with CREATEROLE. Must never touch a role that exists, except to give it the catalog's own grants.
 */
import { quoteName, quoteText, type Queryable } from "@watertight/schema";
import { controlError } from "../errors/control-error.ts";
import { catalogFiles } from "./catalog-files.ts";
import { type CatalogRoles, fillCatalogRoles, resolveCatalogRoles } from "./catalog-roles.ts";

/** What was done. */
export interface CatalogReport {
  /** Names of the files applied by this run. */
  readonly applied: readonly string[];
  readonly roles: CatalogRoles;
}

/** Serialises installations of one database; any number that nobody else uses. */
const installLock = "7071004";

/**
 * Installs or upgrades the catalog on one connection.
 * @example await installCatalog(client);
 * @throws ControlError WT_CATALOG_PRIVILEGE, WT_CATALOG_EDITED, WT_CATALOG_TOO_NEW, WT_CATALOG_INPUT
 */
export async function installCatalog(
  db: Queryable,
  options: { roles?: Partial<CatalogRoles> } = {},
): Promise<CatalogReport> {
  const roles = resolveCatalogRoles(options.roles);
  await db.query("begin isolation level read committed read write");
  try {
    await db.query(`select pg_catalog.pg_advisory_xact_lock(${installLock})`);
    const report = await install(db, roles);
    await db.query("commit");
    return report;
  } catch (error) {
    await db.query("rollback");
    if ((error as { code?: string }).code === "42501")
      throw controlError("WT_CATALOG_PRIVILEGE", { detail: (error as Error).message, cause: error });
    throw error;
  }
}

async function install(db: Queryable, roles: CatalogRoles): Promise<CatalogReport> {
  await makeRoles(db, roles);
  const owner = quoteName(roles.owner);
  const { rows: found } = await db.query("select 1 from pg_catalog.pg_namespace where nspname = 'watertight_catalog'");
  if (found.length === 0)
    await db.query(
      `create schema watertight_catalog authorization ${owner};
       grant usage on schema watertight_catalog to ${[roles.control, roles.router, roles.auditor].map(quoteName).join(", ")}`,
    );
  await db.query("select pg_catalog.set_config('role', $1, true)", [roles.owner]);
  await db.query("select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)");
  await db.query(
    "create table if not exists watertight_catalog.migration (number integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())",
  );
  const applied = await applyFiles(db, roles);
  await db.query("reset role");
  if (found.length === 0) await closeDatabase(db, roles);
  return { applied, roles };
}

// Whoever may connect hears NOTIFY (which tenants change, which operations run) and may take advisory locks. A second installation leaves the
// database's own rights as its owner has them by then; without ownership this is only a warning of the server.
async function closeDatabase(db: Queryable, roles: CatalogRoles): Promise<void> {
  const { rows } = await db.query("select pg_catalog.current_database() as name");
  const database = quoteName(rows[0]!["name"] as string);
  const logins = [roles.control, roles.router, roles.auditor].map(quoteName).join(", ");
  await db.query(`grant connect on database ${database} to ${logins}`);
  await db.query(`revoke connect, temporary on database ${database} from public`);
}

async function applyFiles(db: Queryable, roles: CatalogRoles): Promise<string[]> {
  const { rows } = await db.query("select number, checksum from watertight_catalog.migration");
  const known = new Map(rows.map((row) => [row["number"] as number, row["checksum"] as string]));
  const files = catalogFiles();
  const newest = Math.max(0, ...known.keys());
  if (newest > (files.at(-1)?.number ?? 0))
    throw controlError("WT_CATALOG_TOO_NEW", { detail: `file ${newest} is applied here` });
  const applied: string[] = [];
  for (const file of files) {
    const checksum = known.get(file.number);
    if (checksum !== undefined && checksum !== file.checksum)
      throw controlError("WT_CATALOG_EDITED", { detail: file.name });
    if (checksum !== undefined) continue;
    await db.query(fillCatalogRoles(file.text, roles));
    await db.query("insert into watertight_catalog.migration (number, name, checksum) values ($1, $2, $3)", [
      file.number,
      file.name,
      file.checksum,
    ]);
    applied.push(file.name);
  }
  return applied;
}

const purposes: Readonly<Record<keyof CatalogRoles, string>> = {
  owner: "owns the catalog",
  control: "API and workers of the control plane",
  router: "applications: where tenants are served",
  auditor: "reads the catalog, changes nothing",
};

async function makeRoles(db: Queryable, roles: CatalogRoles): Promise<void> {
  for (const [kind, name] of Object.entries(roles) as [keyof CatalogRoles, string][]) {
    const { rows } = await db.query(
      "select rolsuper or rolbypassrls or rolcreaterole as strong from pg_catalog.pg_roles where rolname = $1",
      [name],
    );
    if (rows[0]?.["strong"] === true)
      throw controlError("WT_CATALOG_PRIVILEGE", {
        detail: `role ${name} is a superuser, bypasses row security or makes roles`,
        next: "Give the catalog another role name: it shall have what its work needs and no more.",
      });
    if (rows.length > 0) continue;
    const login = kind === "owner" ? "nologin" : "login";
    await db.query(
      `create role ${quoteName(name)} ${login} nosuperuser nocreatedb nocreaterole noreplication nobypassrls`,
    );
    await db.query(`comment on role ${quoteName(name)} is ${quoteText(`Made by Watertight: ${purposes[kind]}`)}`);
  }
  // A creator that is no superuser may act as the owner only as its member (16 grants ADMIN but neither INHERIT nor SET).
  const { rows } = await db.query(
    "select rolname as name from pg_catalog.pg_roles where rolname = current_user and not rolsuper",
  );
  if (rows.length > 0) await db.query(`grant ${quoteName(roles.owner)} to ${quoteName(rows[0]!["name"] as string)}`);
}
