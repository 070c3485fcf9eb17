/**
 * Ways around row security that come with a role: attributes, memberships, ownership, settings (A3 to A9, C6).
 */
import { quoteName } from "../../db/quote.ts";
import { type Check, fail, ok, type StatusContext, warn } from "../check.ts";

const predefined = [
  "pg_read_all_data",
  "pg_write_all_data",
  "pg_monitor",
  "pg_read_all_stats",
  "pg_stat_scan_tables",
  "pg_maintain",
  "pg_signal_backend",
  "pg_read_server_files",
  "pg_write_server_files",
  "pg_execute_server_program",
  "pg_database_owner",
];

/** Attributes, memberships, ownership and settings of the kit's roles. */
export async function roleChecks(context: StatusContext): Promise<Check[]> {
  const { tx, kit } = context;
  const { app, readonly, owner, migrator } = kit.roles;
  const checks = [...(await boundRole(context, app, "app")), ...(await boundRole(context, readonly, "readonly"))];
  const [facts] = await tx.rows(
    `select (select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = $1) as owner_bypass, (select rolcanlogin from pg_catalog.pg_roles where rolname = $1) as owner_login,
            (select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = $2) as migrator_bypass`,
    [owner, migrator],
  );
  if (facts!.owner_bypass)
    checks.push(
      fail("owner", `${owner} is above row security`, {
        vectorId: "D13",
        detail: "views and functions of the owner show every tenant",
        fix: await bindRole(context, owner, "owner"),
        needsSuperuser: true,
      }),
    );
  else if (facts!.owner_login)
    checks.push(
      warn("owner", `${owner} may log in`, {
        vectorId: "A7",
        detail: "whoever logs in as the owner can switch row security off",
        fix: `alter role ${quoteName(owner)} nologin;`,
      }),
    );
  else checks.push(ok("owner", `${owner} may not log in and is bound by row security`));
  checks.push(
    facts!.migrator_bypass
      ? ok("migrator", `${migrator} sees all tenants' rows`)
      : warn("migrator", `${migrator} has no BYPASSRLS`, {
          vectorId: "E8",
          detail: "migrations that change data must lift FORCE inside their own transaction (withForceLifted)",
          fix: `alter role ${quoteName(migrator)} bypassrls;`,
          needsSuperuser: true,
        }),
    kit.hasProber
      ? ok("prober", "Probes tell foreign rows from missing ones")
      : warn("prober", "Probes record not_visible only", {
          detail: "no role with BYPASSRLS could be made",
          fix: "watertight kit install   -- as a superuser",
          needsSuperuser: true,
        }),
    await settings(context),
  );
  return checks;
}

/** SQL that puts a role under row security, or another role where this one is needed: never lock the administrator out. */
async function bindRole({ tx }: StatusContext, role: string, kind: "owner" | "app" | "readonly"): Promise<string> {
  const [row] = await tx.rows(
    `select r.rolsuper as super, r.rolname in (session_user, current_user) or r.oid = 10
            or r.rolsuper and not exists (select from pg_catalog.pg_roles o where o.rolsuper and o.rolcanlogin and o.oid <> r.oid) as needed
       from pg_catalog.pg_roles r where r.rolname = $1`,
    [role],
  );
  if (row?.needed)
    return `watertight kit uninstall && watertight kit install --role ${kind}=<another role>   -- ${role} administers this server`;
  return `alter role ${quoteName(role)} ${row?.super ? "nosuperuser " : ""}nobypassrls;`;
}

async function boundRole(context: StatusContext, role: string, kind: "app" | "readonly"): Promise<Check[]> {
  const { tx, kit } = context;
  const [row] = await tx.rows(
    `select r.rolsuper as super, r.rolbypassrls as bypass, r.rolcreaterole as createrole, r.rolreplication as replication,
            array(select b.rolname::text from pg_catalog.pg_roles b where b.oid <> r.oid and (b.rolbypassrls or b.rolsuper) and pg_catalog.pg_has_role(r.oid, b.oid, 'MEMBER')) as above,
            array(select b.rolname::text from pg_catalog.pg_roles b where b.rolname = any ($2) and pg_catalog.pg_has_role(r.oid, b.oid, 'MEMBER')) as predefined,
            pg_catalog.pg_has_role(r.oid, $3::name, 'MEMBER') as owner,
            array(select c.relname::text from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation where p.mode = 'enforce' and pg_catalog.pg_has_role(r.oid, c.relowner, 'MEMBER')) as tables,
            array(select n.nspname::text from pg_catalog.pg_namespace n where n.nspname not in ('public', 'watertight') and exists (select from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation where c.relnamespace = n.oid)
                     and pg_catalog.pg_has_role(r.oid, n.nspowner, 'MEMBER')) as schemas,
            exists (select from pg_catalog.pg_database d where d.datname = pg_catalog.current_database() and pg_catalog.pg_has_role(r.oid, d.datdba, 'MEMBER')) as database
       from pg_catalog.pg_roles r where r.rolname = $1`,
    [role, predefined, kit.roles.owner],
  );
  if (!row) return [fail(`role:${role}`, `Role ${role} does not exist`, { fix: "watertight kit install" })];
  const name = quoteName(role);
  const found: Check[] = [];
  const add = (vectorId: string, title: string, detail: string, fix: string, needsSuperuser = false): void =>
    void found.push(fail(`role:${role}:${vectorId}`, title, { vectorId, detail, fix, needsSuperuser }));
  // a superuser is a member of everything: one line says it all
  if (row.super || row.bypass) {
    add(
      "A4",
      `${role} is above row security`,
      row.super ? "it is a superuser" : "it has BYPASSRLS",
      await bindRole(context, role, kind),
      true,
    );
    return found;
  }
  if (row.above.length > 0)
    add(
      "A5",
      `${role} can become a role above row security`,
      `by SET ROLE ${row.above.join(", ")}`,
      `revoke ${row.above.map(quoteName).join(", ")} from ${name};`,
    );
  if (row.createrole)
    add(
      "A6",
      `${role} has CREATEROLE`,
      tx.caller.version < 160000 ? "on this version it can grant itself any role" : "it can make roles and grant them",
      `alter role ${name} nocreaterole;`,
    );
  if (row.replication)
    add(
      "F9",
      `${role} has REPLICATION`,
      "logical decoding shows every tenant's rows",
      `alter role ${name} noreplication;`,
      true,
    );
  if (row.owner || row.tables.length > 0)
    add(
      "A3",
      `${role} is an owner of protected tables`,
      `it can switch row security off (${row.owner ? kit.roles.owner : row.tables.join(", ")})`,
      `revoke ${quoteName(kit.roles.owner)} from ${name}; -- or watertight kit protect the tables again`,
    );
  if (row.schemas.length > 0 || row.database)
    add(
      "A7",
      `${role} owns ${row.database ? "the database" : `schema ${row.schemas.join(", ")}`}`,
      "an owner can drop and replace what is in it",
      row.database
        ? `alter database ${quoteName(tx.caller.database)} owner to <another role>;`
        : `alter schema ${row.schemas.map(quoteName).join(", ")} owner to ${quoteName(kit.roles.owner)};`,
    );
  if (row.predefined.length > 0)
    add(
      "A8",
      `${role} is a member of ${row.predefined.join(", ")}`,
      "predefined roles read past grants, texts and files",
      `revoke ${row.predefined.join(", ")} from ${name};`,
    );
  return found.length > 0 ? found : [ok(`role:${role}`, `${role} is bound by row security and owns nothing`)];
}

async function settings({ tx, kit }: StatusContext): Promise<Check> {
  const rows = await tx.rows(
    `select coalesce('role ' || r.rolname, 'database') as holder, pg_catalog.split_part(c.value, '=', 1) as name from pg_catalog.pg_db_role_setting d cross join lateral pg_catalog.unnest(d.setconfig) c(value)
       left join pg_catalog.pg_roles r on r.oid = d.setrole
      where (d.setrole = 0 or r.rolname = any ($1)) and d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))`,
    [[kit.roles.app, kit.roles.readonly, kit.roles.control]],
  );
  const dangerous = rows.filter((row) =>
    /^(watertight\.|role$|session_authorization$|row_security$|search_path$|session_replication_role$|session_preload_libraries$|local_preload_libraries$)/.test(
      row.name as string,
    ),
  );
  const text = dangerous.map((row) => `${row.holder}: ${row.name}`).join(", ");
  return dangerous.length === 0
    ? ok("role-settings", "No role or database setting touches the context", { vectorId: "C6" })
    : warn("role-settings", "A role or database setting comes back after every reset", {
        vectorId: "C6",
        detail: text,
        fix: dangerous
          .map((row) =>
            row.holder === "database"
              ? `alter database ${quoteName(tx.caller.database)} reset ${row.name};`
              : `alter role ${quoteName((row.holder as string).slice(5))} reset ${row.name};`,
          )
          .join(" "),
      });
}
