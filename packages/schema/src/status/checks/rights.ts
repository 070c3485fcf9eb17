/**
 * What the application's roles may do besides row security: create objects, and reach other tenants through the catalog's functions. The
 * same table that hardening works from (harden-targets.ts), read back from the live catalog.
 */
import { quoteName } from "../../db/quote.ts";
import { catalogTargets } from "../../install/harden-targets.ts";
import { type Check, fail, ok, type StatusContext, warn } from "../check.ts";

/** TEMP, CREATE, and every hardening target, for app and readonly. */
export async function rightsChecks(context: StatusContext): Promise<Check[]> {
  const { tx, kit } = context;
  const database = quoteName(tx.caller.database);
  const checks: Check[] = [];
  for (const role of [kit.roles.app, kit.roles.readonly]) {
    const [has] = await tx.rows(
      `select pg_catalog.has_database_privilege($1::name, pg_catalog.current_database(), 'TEMP') as temp, pg_catalog.has_database_privilege($1::name, pg_catalog.current_database(), 'CREATE') as create,
              (select pg_catalog.string_agg(pg_catalog.quote_ident(n.nspname), ', ' order by 1) from pg_catalog.pg_namespace n where n.nspname !~ '^pg_(temp|toast)' and pg_catalog.has_schema_privilege($1::name, n.oid, 'CREATE')) as schemas`,
      [role],
    );
    // level hostile is made for databases where these cannot be revoked
    const bad = kit.level === "hostile" ? warn : fail;
    checks.push(
      has!.temp
        ? bad(`temp:${role}`, `${role} may create temporary tables`, {
            vectorId: "B17",
            detail:
              "a temporary table shadows an unqualified name in a policy or function, and stays for the next tenant",
            fix: `revoke temporary on database ${database} from public, ${quoteName(role)};`,
          })
        : ok(`temp:${role}`, `${role} may not create temporary tables`),
      has!.create || has!.schemas !== null
        ? bad(`create:${role}`, `${role} may create objects`, {
            vectorId: "B17",
            detail: has!.create ? "in the database" : `in ${has!.schemas}`,
            fix: has!.create
              ? `revoke create on database ${database} from public, ${quoteName(role)};`
              : `revoke create on schema ${has!.schemas} from public, ${quoteName(role)};`,
          })
        : ok(`create:${role}`, `${role} may not create objects`),
    );
  }
  for (const target of catalogTargets) checks.push(await catalogRight(context, target));
  return checks;
}

async function catalogRight({ tx, kit }: StatusContext, target: (typeof catalogTargets)[number]): Promise<Check> {
  const rows = await tx.rows(
    `select object from (
       select 'function ' || pg_catalog.format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as object
         from pg_catalog.pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and (${target.functions ?? "false"}) and pg_catalog.has_function_privilege($1::name, p.oid, 'EXECUTE')
       union all
       select 'table ' || c.relname from pg_catalog.pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relname = any ($2) and pg_catalog.has_table_privilege($1::name, c.oid, 'SELECT')) o order by 1`,
    [kit.roles.app, target.views ?? []],
  );
  const id = `right:${target.step.replaceAll(" ", "-")}`;
  if (rows.length === 0)
    return ok(
      id,
      `${kit.roles.app} has no ${target.step}`,
      target.vectors[0] === undefined ? {} : { vectorId: target.vectors[0] },
    );
  return warn(id, `${kit.roles.app} has ${target.step}`, {
    ...(target.vectors[0] === undefined ? {} : { vectorId: target.vectors[0] }),
    detail: `${target.why} (${rows.length} objects, for example ${rows[0]!.object})`,
    fix: "watertight kit install   -- as a superuser",
    needsSuperuser: true,
  });
}
