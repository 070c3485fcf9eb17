/**
 * Who are we in this database? Everything the kit can and cannot do follows from these facts, read once per run.
 */
import { kitError } from "../errors/kit-error.ts";
import type { Queryable } from "./queryable.ts";

/** The role that runs the kit, and its rights. */
export interface Caller {
  readonly user: string;
  readonly superuser: boolean;
  readonly bypassRls: boolean;
  readonly createRole: boolean;
  /** server_version_num, for example 180004. */
  readonly version: number;
  readonly database: string;
  readonly ownsDatabase: boolean;
}

/** Reads the caller's rights. */
export async function describeCaller(db: Queryable): Promise<Caller> {
  const { rows } = await db.query(
    `select current_user::text as user, r.rolsuper as superuser, r.rolbypassrls or r.rolsuper as bypass, r.rolcreaterole or r.rolsuper as createrole,
            pg_catalog.current_setting('server_version_num')::int as version, d.datname::text as database,
            pg_catalog.pg_has_role(r.oid, d.datdba, 'USAGE') as owns
       from pg_catalog.pg_roles r, pg_catalog.pg_database d
      where r.rolname = current_user and d.datname = pg_catalog.current_database()`,
  );
  const row = rows[0]!;
  if (row.version < 150000) throw kitError("WT_KIT_VERSION", { detail: `server_version_num ${row.version}` });
  return {
    user: row.user,
    superuser: row.superuser,
    bypassRls: row.bypass,
    createRole: row.createrole,
    version: row.version,
    database: row.database,
    ownsDatabase: row.owns,
  };
}
