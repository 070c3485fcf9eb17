/**
 * The logins and roles of a place: what each is for, what the server lets it do, when its password was last changed. Asked as the place's own
 * reading login, which may look at roles and sees no row: the provisioner acts in operations only.
 */
import pg from "pg";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { placeRoles } from "../provision/names.ts";
import { findPlace } from "../provision/place.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { findReporting } from "./reporting-row.ts";

/** One role. */
export interface PlaceLogin {
  readonly name: string;
  readonly purpose: "application" | "reading" | "group" | "reporting";
  readonly login: boolean;
  /** What it sees of tenants' rows. */
  readonly sees: "one tenant at a time" | "nothing" | "all tenants";
  readonly writes: boolean;
  readonly memberOf: readonly string[];
  readonly connectionLimit: number | null;
  readonly validUntil: Date | null;
  /** Attributes that no role of a place may have; empty when all is well. */
  readonly alarming: readonly string[];
  /** Null: never since it was made. */
  readonly rotatedAt: string | null;
}

/**
 * Lists them.
 * @example const logins = await listLogins(pool, secrets, "loc_pool");
 * @throws ControlError WT_CATALOG_NOT_FOUND, WT_CELL_UNREACHABLE, WT_SECRET
 */
export async function listLogins(
  pool: CatalogPool,
  secrets: Pick<Secrets, "read">,
  location: string,
): Promise<PlaceLogin[]> {
  const { place, reporting, rotated } = await withConnection(pool, async (db) => {
    const found = await findPlace(db, location);
    if (found === undefined) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `location ${location}` });
    const { rows } = await db.query(
      "select subject, pg_catalog.max(at) as at from watertight_catalog.audit_log where action = 'login.rotated' and pg_catalog.starts_with(subject, $1) group by 1",
      [`login:${found.cell}:`],
    );
    return {
      place: found,
      reporting: await findReporting(db, location),
      rotated: new Map(rows.map((row) => [row["subject"] as string, row["at"] as string])),
    };
  });
  const wanted = new Map<string, PlaceLogin["purpose"]>([
    [place.rwRole, "application"],
    [place.roRole, "reading"],
    [placeRoles(place.database).group, "group"],
    ...(reporting === undefined ? [] : ([[reporting.login, "reporting"]] as const)),
  ]);
  const client = new pg.Client({
    host: place.onCell.host,
    port: place.onCell.port,
    database: place.database,
    user: place.roRole,
    password: await secrets.read(place.roSecret),
    application_name: "watertight roles",
    connectionTimeoutMillis: 10_000,
    options: "-c statement_timeout=10000",
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<Facts>(factsText, [[...wanted.keys()]]);
    return rows.map((row) => describe(row, wanted.get(row.name)!, rotated.get(`login:${place.cell}:${row.name}`)));
  } catch (error) {
    throw controlError("WT_CELL_UNREACHABLE", {
      detail: `cell ${place.cell}: ${(error as Error).message}`,
      cause: error,
    });
  } finally {
    await client.end().catch(() => {});
  }
}

interface Facts {
  readonly name: string;
  readonly login: boolean;
  readonly limit: number;
  readonly until: Date | null;
  readonly member: string[];
  readonly alarming: string[];
}

const factsText = `
select r.rolname as name, r.rolcanlogin as login, r.rolconnlimit as "limit", case when pg_catalog.isfinite(r.rolvaliduntil) then r.rolvaliduntil end as until,
       array(select g.rolname::text from pg_catalog.pg_auth_members m join pg_catalog.pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1) as member,
       array_remove(array[case when r.rolsuper then 'SUPERUSER' end, case when r.rolbypassrls then 'BYPASSRLS' end, case when r.rolcreaterole then 'CREATEROLE' end,
                          case when r.rolcreatedb then 'CREATEDB' end, case when r.rolreplication then 'REPLICATION' end], null) as alarming
  from pg_catalog.pg_roles r where r.rolname = any ($1) order by r.rolname`;

function describe(row: Facts, purpose: PlaceLogin["purpose"], rotatedAt: string | undefined): PlaceLogin {
  return {
    name: row.name,
    purpose,
    login: row.login,
    sees: purpose === "reporting" ? "all tenants" : purpose === "group" ? "nothing" : "one tenant at a time",
    writes: purpose === "application",
    memberOf: row.member,
    connectionLimit: row.limit < 0 ? null : row.limit,
    validUntil: row.until,
    alarming: row.alarming,
    rotatedAt: rotatedAt ?? null,
  };
}
