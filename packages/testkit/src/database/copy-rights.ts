// CREATE DATABASE … TEMPLATE copies the content but not what hangs on the database itself: its rights (the kit's REVOKE
// TEMPORARY would be lost, and hostile tests would attack a softer database than the kit makes), owner and settings.
// This copies those too. Must never loosen anything: it starts from nothing granted to PUBLIC.
import pg from "pg";

/** Gives database `to` the rights, owner and settings of database `from`. */
export async function copyDatabaseRights(client: pg.Client, from: string, to: string): Promise<void> {
  const target = pg.escapeIdentifier(to);
  const statements = await client.query<{ sql: string }>(
    `with source as (select * from pg_catalog.pg_database where datname = $1)
     select format('alter database %s owner to %I', $2::text, pg_get_userbyid(datdba)) as sql, 1 as step from source
     union all
     select format('revoke all on database %s from public', $2::text), 2 from source where datacl is not null
     union all
     select format('grant %s on database %s to %s%s', a.privilege_type, $2::text,
                   case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
                   case when a.is_grantable then ' with grant option' else '' end), 3
       from source, aclexplode(datacl) a where a.grantee <> datdba
     union all
     select format('alter %s set %I = %L',
                   case setrole when 0 then 'database ' || $2::text
                     else format('role %I in database %s', pg_get_userbyid(setrole), $2::text) end,
                   split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)), 4
       from source join pg_catalog.pg_db_role_setting on setdatabase = oid, unnest(setconfig) as setting
     order by step`,
    [from, target],
  );
  for (const { sql } of statements.rows) await client.query(sql);
}
