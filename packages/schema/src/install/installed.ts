/**
 * What is installed here: the kit's own record of level, roles and files.
 */
import type { Queryable, Row } from "../db/queryable.ts";
import { withMembership } from "../db/membership.ts";
import { inKitTransaction, type KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import { defaultRoles, type RoleNames, roleKinds } from "./role-names.ts";
import type { Level } from "./sql-files.ts";

/** An installation. */
export interface InstalledKit {
  readonly version: number;
  readonly level: Level;
  /** `prober` holds the name that was asked for, also where no prober could be made. */
  readonly roles: RoleNames;
  readonly hasProber: boolean;
}

type Reader = { rows(text: string, params?: unknown[]): Promise<Row[]> };

/** Reads the record, or undefined when the kit is not installed. */
export async function installedKit(tx: Reader): Promise<InstalledKit | undefined> {
  const [there] = await tx.rows(
    "select pg_catalog.to_regclass('watertight.migration') is not null and pg_catalog.to_regclass('watertight.setting') is not null as yes",
  );
  if (!there!.yes) return undefined;
  const rows = await tx.rows("select name, value from watertight.setting");
  const settings = new Map(rows.map((row) => [row.name as string, row.value as string]));
  if (!settings.has("level")) return undefined;
  const [version] = await tx.rows("select coalesce(pg_catalog.max(number), 0) as number from watertight.migration");
  const names = roleKinds.map((kind) => [
    kind,
    settings.get(kind === "prober" ? "prober_name" : kind) || defaultRoles[kind],
  ]);
  const roles = Object.fromEntries(names) as unknown as RoleNames;
  return {
    version: version!.number,
    level: settings.get("level") as Level,
    roles,
    hasProber: (settings.get("prober") ?? "") !== "",
  };
}

/** Runs `fn` as a member of the role that owns the kit, where there is one: its tables are closed to everybody else. */
export async function asKitMember<T>(tx: KitTransaction, fn: () => Promise<T>): Promise<T> {
  const [found] = await tx.rows(
    "select pg_catalog.pg_get_userbyid(n.nspowner)::text as owner from pg_catalog.pg_namespace n where n.nspname = 'watertight'",
  );
  return found ? withMembership(tx, [found.owner], fn) : fn();
}

/** The record, for callers that cannot go on without it. */
export async function requireKit(tx: Reader): Promise<InstalledKit> {
  const kit = await installedKit(tx);
  if (!kit) throw kitError("WT_KIT_NOT_INSTALLED");
  return kit;
}

/**
 * Highest numbered file applied in this database, 0 when the kit is not installed.
 * @example if ((await installedVersion(client)) < newestVersion()) await upgradeKit(client);
 */
export async function installedVersion(db: Queryable): Promise<number> {
  const { rows } = await db.query(
    `select c.oid is not null as there, pg_catalog.has_schema_privilege(n.oid, 'usage') and coalesce(pg_catalog.has_table_privilege(c.oid, 'select'), false) as mine
       from pg_catalog.pg_namespace n left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'migration' where n.nspname = 'watertight'`,
  );
  const [found] = rows;
  if (!found?.there) return 0;
  const read = "select coalesce(pg_catalog.max(number), 0) as number from watertight.migration";
  if (found.mine) return (await db.query(read)).rows[0]!.number as number;
  // membership is borrowed in a transaction that is rolled back
  return inKitTransaction(db, true, (tx) => asKitMember(tx, async () => (await tx.rows(read))[0]!.number as number));
}
