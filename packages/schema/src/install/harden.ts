/**
 * Takes from PUBLIC what lets a tenant reach or stop another (harden-targets.ts). Each step is recorded with the statements that undo
 * it, or says why it was skipped. Must never revoke from a named role: those grants were somebody's decision; `kit status` shows them.
 */
import { quoteName } from "../db/quote.ts";
import type { KitTransaction } from "../db/transaction.ts";
import { catalogTargets, type HardenTarget } from "./harden-targets.ts";
import type { RoleNames } from "./role-names.ts";
import type { Steps } from "./steps.ts";

/** One object with a right of PUBLIC that a step takes away. */
interface Open {
  /** As GRANT names it: `function pg_catalog.lo_open(oid, integer)`. */
  readonly object: string;
  readonly privilege: "execute" | "select" | "temporary" | "create";
  /** Roles of the step that hold the right by name already. */
  readonly holders: readonly string[];
}

/** Runs all steps; needs file 0007. */
export async function harden(tx: KitTransaction, steps: Steps, roles: RoleNames): Promise<void> {
  const { caller } = tx;
  const database = `database ${quoteName(caller.database)}`;
  const [facts] = await tx.rows(
    `select exists (select from pg_catalog.pg_database d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
                     where d.datname = pg_catalog.current_database() and a.grantee = 0 and a.privilege_type = 'TEMPORARY') as temp,
            exists (select from pg_catalog.pg_namespace n, pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
                     where n.nspname = 'public' and a.grantee = 0 and a.privilege_type = 'CREATE') as create,
            (select pg_catalog.pg_has_role(current_user, n.nspowner, 'USAGE') from pg_catalog.pg_namespace n where n.nspname = 'public') as public_ours`,
  );
  await step(
    tx,
    steps,
    "temporary tables",
    [roles.migrator],
    facts!.temp ? [{ object: database, privilege: "temporary", holders: [] }] : [],
    caller.superuser || caller.ownsDatabase ? undefined : `${caller.user} does not own the database`,
  );
  await step(
    tx,
    steps,
    "create in public",
    [],
    facts!.create ? [{ object: "schema public", privilege: "create", holders: [] }] : [],
    caller.superuser || facts!.public_ours ? undefined : `${caller.user} does not own schema public`,
  );
  for (const target of catalogTargets) {
    await step(
      tx,
      steps,
      target.step,
      target.keep(roles),
      await openRights(tx, target, roles),
      caller.superuser ? undefined : "needs a superuser: the objects belong to the server's own superuser",
    );
  }
}

async function openRights(tx: KitTransaction, target: HardenTarget, roles: RoleNames): Promise<Open[]> {
  const rows = await tx.rows(
    `select o.object, o.privilege, array(select r.rolname::text from pg_catalog.aclexplode(o.acl) a join pg_catalog.pg_roles r on r.oid = a.grantee
                                          where a.privilege_type = pg_catalog.upper(o.privilege) and r.rolname = any ($2)) as holders
       from (select 'function ' || pg_catalog.format('pg_catalog.%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as object, 'execute' as privilege,
                    coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) as acl
               from pg_catalog.pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and (${target.functions ?? "false"})
              union all
             select pg_catalog.format('table pg_catalog.%I', c.relname), 'select', coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))
               from pg_catalog.pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relname = any ($1)) o
      where exists (select from pg_catalog.aclexplode(o.acl) a where a.grantee = 0 and a.privilege_type = pg_catalog.upper(o.privilege))
      order by o.object`,
    [target.views ?? [], target.keep(roles)],
  );
  return rows as Open[];
}

async function step(
  tx: KitTransaction,
  steps: Steps,
  name: string,
  keep: readonly string[],
  open: readonly Open[],
  refusal: string | undefined,
): Promise<void> {
  const title = `revoke ${name} from public`;
  if (open.length === 0) return steps.already(title);
  if (refusal !== undefined) return steps.skipped(title, refusal);
  await steps.done(title, async () => {
    const changes: string[] = [];
    const undo: string[][] = [];
    for (const { object, privilege, holders } of open) {
      const grantees = keep.filter((role) => !holders.includes(role)).map(quoteName);
      const back = [`grant ${privilege} on ${object} to public`];
      changes.push(`revoke ${privilege} on ${object} from public`);
      if (grantees.length > 0) {
        changes.push(`grant ${privilege} on ${object} to ${grantees.join(", ")}`);
        back.push(`revoke ${privilege} on ${object} from ${grantees.join(", ")}`);
      }
      undo.push(back);
    }
    await tx.run(changes.join(";\n"));
    await tx.run(
      `insert into watertight.hardening (object, step, undo)
       select o.object, $2, array(select pg_catalog.jsonb_array_elements_text(o.undo))
         from pg_catalog.jsonb_to_recordset($1::jsonb) as o(object text, undo jsonb) on conflict (object) do nothing`,
      [JSON.stringify(open.map(({ object }, i) => ({ object, undo: undo[i] }))), name],
    );
  });
}

/** Gives back what this installation revoked; answers what could not be given back. */
export async function soften(tx: KitTransaction, steps: Steps): Promise<void> {
  const rows = await tx.rows(
    "select step, pg_catalog.array_agg(object order by object) as objects, pg_catalog.array_agg(pg_catalog.array_to_string(undo, E';\\n') order by object) as undo from watertight.hardening group by step order by step",
  );
  for (const row of rows) {
    const name = `give ${row.step} back`;
    const superuserOnly = (row.objects as string[]).some((object) => object.includes("pg_catalog."));
    if (superuserOnly && !tx.caller.superuser) {
      steps.skipped(
        name,
        `needs a superuser; the statements are in watertight.hardening: ${(row.undo as string[]).join("; ")}`,
      );
      continue;
    }
    const refused = await tx.attempt(() => steps.done(name, () => tx.run((row.undo as string[]).join(";\n"))));
    if (refused) steps.skipped(name, refused.message);
  }
}
