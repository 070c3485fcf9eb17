/**
 * Whether a database that was there before us can serve tenants: the kit, its roles, its keys, who may connect. Reads the catalog of the server and
 * of the kit, changes nothing. Must name everything that is wrong at once, with the statement that puts it right.
 */
import { newestVersion, type Queryable, quoteName } from "@watertight/schema";
import { controlError } from "../errors/control-error.ts";
import { versionOf } from "./schema-version.ts";
import { waysPast } from "./ways-past.ts";

/** What a fit database says of itself. */
export interface InspectedDatabase {
  readonly rwRole: string;
  readonly roRole: string;
  readonly level: string;
  /** The application's schema, as its ledger counts. */
  readonly schemaVersion: number;
  /** Tables that the application's role may read and nobody protected: shared by all tenants, or forgotten. */
  readonly unprotected: readonly string[];
}

/** Inspects the database of `session`, as the provisioner. @throws ControlError WT_LOCATION_UNFIT, WT_CELL_PRIVILEGE */
export async function inspectDatabase(session: Queryable, keyId: string | undefined): Promise<InspectedDatabase> {
  const { rows: facts } = await session.query(
    `select pg_catalog.current_database()::text as database, current_user::text as me,
            exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where (n.nspname, c.relname) = ('watertight', 'setting')) as kit`,
  );
  const { database, me, kit } = facts[0] as { database: string; me: string; kit: boolean };
  if (!kit) throw unfit(database, ["the kit is not installed: watertight kit install"]);
  const settings = await kitSettings(session, me);
  const [owner, app, reader] = [settings.get("owner")!, settings.get("app")!, settings.get("readonly")!];
  const wrong: string[] = [];
  const { rows: kitFacts } = await session.query(
    `select (select coalesce(pg_catalog.max(m.number), 0) from watertight.migration m) as version,
            (select pg_catalog.array_agg(k.kid) from watertight.key k) as kids,
            (select pg_catalog.count(*)::int from watertight.protected p where p.mode = 'enforce') as protected,
            pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'connect') as public`,
  );
  const found = kitFacts[0] as { version: number; kids: string[] | null; protected: number; public: boolean };
  const level = settings.get("level") ?? "sealed";
  if (found.version < newestVersion())
    wrong.push(`its kit is at ${found.version} of ${newestVersion()}: watertight kit install brings it up to date`);
  if (found.protected === 0) wrong.push("no table is protected: watertight kit protect <table…>");
  if (level !== "plain" && (keyId === undefined || !(found.kids ?? []).includes(keyId)))
    wrong.push(`the key that you named is not one of its keys (${(found.kids ?? []).join(", ")}): watertight kit keys`);
  if (found.public)
    wrong.push(
      `everybody on the server may connect: revoke connect, temporary on database ${quoteName(database)} from public; ` +
        `grant connect on database ${quoteName(database)} to ${[app, reader, me].map(quoteName).join(", ")}`,
    );
  wrong.push(...(await wrongWithRoles(session, [app, reader], owner, me)));
  wrong.push(...(await waysPast(session, [app, reader], owner)));
  if (wrong.length > 0) throw unfit(database, wrong);
  const { rows: open } = await session.query(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema', 'watertight') and n.nspname !~ '^pg_'
        and pg_catalog.has_any_column_privilege($1, c.oid, 'select') and not exists (select from watertight.protected p where p.relation = c.oid) order by 1`,
    [app],
  );
  return {
    rwRole: app,
    roRole: reader,
    level,
    schemaVersion: await versionOf(session, null),
    unprotected: open.map((row) => row["name"] as string),
  };
}

async function kitSettings(session: Queryable, me: string): Promise<Map<string, string>> {
  try {
    const { rows } = await session.query("select name, value from watertight.setting");
    return new Map(rows.map((row) => [row["name"] as string, row["value"] as string]));
  } catch (error) {
    if ((error as { code?: string }).code !== "42501") throw error;
    throw controlError("WT_CELL_PRIVILEGE", {
      detail: `${me} is no member of the role that owns the kit`,
      next: `As an administrator: grant watertight_owner to ${quoteName(me)} (or whatever the kit's owner is called there). Then: watertight operations retry.`,
      cause: error,
    });
  }
}

async function wrongWithRoles(
  session: Queryable,
  roles: readonly string[],
  owner: string,
  me: string,
): Promise<readonly string[]> {
  const { rows } = await session.query(
    `select x.name, r.oid is null as missing, r.rolcanlogin as login, r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication as mighty,
            r.oid is not null and pg_catalog.pg_has_role(r.oid, $2, 'member') as owner,
            r.oid is not null and (pg_catalog.pg_has_role($3, r.oid, 'member') or m.rolsuper) as mine
       from pg_catalog.unnest($1::text[]) x(name) left join pg_catalog.pg_roles r on r.rolname = x.name
       join pg_catalog.pg_roles m on m.rolname = $3`,
    [roles, owner, me],
  );
  return rows.flatMap((row) => {
    const name = quoteName(row["name"] as string);
    if (row["missing"] === true) return [`role ${name} is not there: watertight kit install`];
    return [
      ...(row["login"] === true ? [] : [`${name} may not log in: alter role ${name} login password …`]),
      ...(row["mighty"] === true
        ? [
            `${name} may do more than an application: alter role ${name} nosuperuser nobypassrls nocreaterole nocreatedb noreplication`,
          ]
        : []),
      ...(row["owner"] === true ? [`${name} can become the kit's owner: revoke ${quoteName(owner)} from ${name}`] : []),
      // the intrusion test acts as the application's role, in transactions that are rolled back
      ...(row["mine"] === true ? [] : [`the provisioner cannot act as ${name}: grant ${name} to ${quoteName(me)}`]),
    ];
  });
}

function unfit(database: string, wrong: readonly string[]): Error {
  return controlError("WT_LOCATION_UNFIT", { detail: `database ${database}: ${wrong.join("; ")}` });
}
