/**
 * Refuses a connection whose rights a read-only transaction does not bound. Policies and the types of a row are code of the schema's owners; SET LOCAL
 * ROLE does not hold it, because it may RESET ROLE and act as who logged in: a superuser runs programs and writes files in a read-only transaction,
 * too. Rights to write (CREATEROLE, CREATEDB) end at the transaction, and BYPASSRLS only reads. Must run before anything of the schema is evaluated.
 */
import { type Queryable, quoteName } from "@watertight/schema";
import { CheckError } from "../check/check-error.ts";

// Operators are looked up on the path, and a database may have one of its own: with it, the question itself would run code of the schema. Options of the
// connection may have set another session_user than the one that logged in.
const before =
  "begin read only; set local search_path = pg_catalog, pg_temp; reset session authorization; set local statement_timeout = '10s'";

// session_user: what RESET ROLE leads back to. Membership counts whether or not it is inherited, SET ROLE takes it on.
const question = `
select session_user::pg_catalog.text as login, r.rolname::pg_catalog.text as role,
       case when r.rolsuper then 'superuser' when r.rolreplication then 'replication' else 'server' end as power
  from pg_catalog.pg_roles r
 where (r.rolsuper or r.rolreplication
        or r.rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
   and (r.rolname = session_user
        or (not (select s.rolsuper from pg_catalog.pg_roles s where s.rolname = session_user)
            and pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')))
 order by r.rolname <> session_user, r.rolname
 limit 1`;

const words: Readonly<Record<string, (role: string) => string>> = {
  superuser: () => "a superuser",
  replication: () => "a role with REPLICATION",
  server: (role) => `a member of ${role}`,
};

/**
 * Refuses.
 * @param application the role that requests run as, for the words of the error; undefined where it is not known
 * @throws CheckError WT_CHECK_PRIVILEGED, which says what role to use
 */
export async function refusePowerful(db: Queryable, application: string | undefined): Promise<void> {
  await db.query(before);
  const [found] = await db
    .query(question)
    .then(({ rows }) => rows)
    .finally(() => db.query("rollback"));
  if (found === undefined) return;
  const login = String(found["login"]);
  const role = String(found["role"]);
  const own = login === role || String(found["power"]) === "server";
  const power = words[String(found["power"])]!(role);
  throw new CheckError(
    "WT_CHECK_PRIVILEGED",
    `The policies run code of the schema, which could RESET ROLE and act as ${login}, ${own ? power : `a member of ${role}, ${power}`}: a read-only transaction does not hold that.`,
    `Name with --db a role that is none, sees the row and may act as the application's: create role explainer login bypassrls in role ${quoteName(application ?? "app")}, pg_read_all_data;`,
  );
}
