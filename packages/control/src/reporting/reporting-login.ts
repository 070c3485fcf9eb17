/**
 * The login itself: made, given its one database, taken away. It is in no role but the one that lets it connect, has rights on no table, and all
 * that it may do is call one function. Must never be made a member of anything that reads or writes.
 */
import { createHash } from "node:crypto";
import { quoteName, quoteText, type Queryable } from "@watertight/schema";
import { placeRoles } from "../provision/names.ts";
import { isOurs, readTag, tagStatement } from "../provision/tags.ts";

/** Longest statement of a report, in milliseconds: the login's setting, and what the database's function insists on. */
export const reportStatementMs = 60_000;
const connections = 3;

/** Name of the login of a database. */
export function reportingName(database: string): string {
  const name = `${database}_report`;
  if (Buffer.byteLength(name) <= 63) return name;
  return `r_${createHash("sha256").update(database).digest("hex").slice(0, 20)}_report`;
}

/** Makes it, tagged, in one transaction; on a session in its database. */
export async function makeReportingLogin(
  session: Queryable,
  operation: string,
  login: { readonly name: string; readonly verifier: string; readonly until: Date },
): Promise<void> {
  const name = quoteName(login.name);
  if (!(await isOurs(session, "role", login.name, operation)))
    await session.query(
      [
        `create role ${name} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit ${connections}
           password ${quoteText(login.verifier)} valid until ${quoteText(login.until.toISOString())}`,
        `alter role ${name} set default_transaction_read_only = on`,
        `alter role ${name} set statement_timeout = ${reportStatementMs}`,
        `alter role ${name} set idle_in_transaction_session_timeout = ${reportStatementMs}`,
        `alter role ${name} set lock_timeout = 5000`,
        tagStatement("role", login.name, operation),
      ].join(";\n"),
    );
  await letIn(session, login.name);
}

// By the database's group where it has one, because pg_hba lines name that; and to the schemas whose tables it is to name.
async function letIn(session: Queryable, login: string): Promise<void> {
  const { database, group, connects } = await databaseOf(session, login);
  if (!connects)
    await session.query(
      group === null
        ? `grant connect on database ${quoteName(database)} to ${quoteName(login)}`
        : `grant ${quoteName(group)} to ${quoteName(login)}`,
    );
  for (const schema of await schemas(session, login, false))
    await session.query(`grant usage on schema ${quoteName(schema)} to ${quoteName(login)}`);
}

/** Takes it away with its sessions, where it carries the tag; a second call changes nothing. */
export async function dropReportingLogin(session: Queryable, operation: string, login: string): Promise<void> {
  if ((await readTag(session, "role", login, operation)) !== "ours") return;
  const name = quoteName(login);
  await session.query(`alter role ${name} nologin`);
  await session.query(
    "select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where usename = $1",
    [login],
  );
  const { database } = await databaseOf(session, login);
  for (const schema of await schemas(session, login, true))
    await session.query(`revoke all on schema ${quoteName(schema)} from ${name}`);
  await session.query(`revoke all on database ${quoteName(database)} from ${name}`);
  await session.query(`drop role ${name}`);
}

async function databaseOf(
  session: Queryable,
  login: string,
): Promise<{ database: string; group: string | null; connects: boolean }> {
  const { rows } = await session.query(
    "select pg_catalog.current_database() as database, pg_catalog.has_database_privilege($1::name, pg_catalog.current_database(), 'connect') as connects",
    [login],
  );
  const { database, connects } = rows[0] as { database: string; connects: boolean };
  const { group } = placeRoles(database);
  const { rows: found } = await session.query("select 1 from pg_catalog.pg_roles where rolname = $1", [group]);
  return { database, connects, group: found.length > 0 ? group : null };
}

/** Schemas of protected tables that the login may not enter (or was let into by name). */
async function schemas(session: Queryable, login: string, entered: boolean): Promise<string[]> {
  const { rows } = await session.query(
    entered
      ? `select distinct n.nspname as name from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
          where r.rolname = $1 and n.nspname <> 'watertight'`
      : `select distinct n.nspname as name from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where not pg_catalog.has_schema_privilege($1::name, n.oid, 'usage')`,
    [login],
  );
  return rows.map((row) => row["name"] as string);
}
