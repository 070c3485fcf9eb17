/**
 * Removes the kit: unprotects every table, gives back what was revoked, drops schema and roles. Must never cascade into objects of the
 * application: whatever uses the kit's functions is named, and nothing is removed (A13: a cascade drops policies, and rows lie open).
 */
import type { Queryable } from "../db/queryable.ts";
import { quoteName } from "../db/quote.ts";
import { inKitTransaction, type KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import { soften } from "../install/harden.ts";
import { asKitMember, type InstalledKit, requireKit } from "../install/installed.ts";
import { madeByKit } from "../install/make-roles.ts";
import { roleKinds } from "../install/role-names.ts";
import { type Step, Steps } from "../install/steps.ts";
import { protectedTables } from "../protect/records.ts";
import { unprotect } from "../protect/unprotect-table.ts";
import { followTrigger } from "../tenants/follow-tenants.ts";

/** What was removed, and what was left and why. */
export interface UninstallReport {
  readonly steps: Step[];
}

/**
 * Uninstalls the kit from this database. Roles go only when the kit made them and nothing else needs them.
 * @example await uninstallKit(client);
 * @throws KitError WT_KIT_NOT_INSTALLED, WT_KIT_IN_USE
 */
export async function uninstallKit(
  db: Queryable,
  options: { dryRun?: boolean; roles?: boolean } = {},
): Promise<UninstallReport> {
  return inKitTransaction(db, options.dryRun ?? false, async (tx) => {
    const steps = new Steps(tx);
    const kit = await asKitMember(tx, async () => {
      const installed = await requireKit(tx);
      await unprotectAll(tx, steps, installed);
      await dropTriggers(tx, steps);
      await refuseWhenUsed(tx);
      if (installed.version >= 7) await soften(tx, steps);
      await steps.done("drop schema watertight", () => tx.run("drop schema watertight cascade"));
      return installed;
    });
    // after the borrowed memberships were given back: they belong to the roles
    if (options.roles ?? true) for (const kind of [...roleKinds].reverse()) await dropRole(tx, steps, kit.roles[kind]);
    return { steps: steps.list };
  });
}

async function unprotectAll(tx: KitTransaction, steps: Steps, kit: InstalledKit): Promise<void> {
  if (kit.version < 8) return;
  // what was protected last may rest on what was protected first
  let records = await protectedTables(tx);
  for (;;) {
    const roots = records.filter((record) => record.expected.root === undefined);
    const next = roots.reverse().find((record) => !roots.some((other) => other.parent === record.oid));
    if (!next) break;
    const { table, sql, left } = await unprotect(tx, next.oid, records);
    records = records.filter((record) => record.oid !== next.oid && record.expected.root !== next.oid);
    const reason = left.join("; ");
    steps.list.push({ name: `unprotect ${table}`, state: "done", sql, ...(reason === "" ? {} : { reason }) });
  }
}

async function dropTriggers(tx: KitTransaction, steps: Steps): Promise<void> {
  const rows = await tx.rows(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as table from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where t.tgname = $1 and t.tgparentid = 0 and not t.tgisinternal`,
    [followTrigger],
  );
  for (const row of rows)
    await steps.done(`stop following ${row.table}`, () => tx.run(`drop trigger ${followTrigger} on ${row.table}`));
}

async function refuseWhenUsed(tx: KitTransaction): Promise<void> {
  const rows = await tx.rows(
    `with ours as (select 'pg_proc'::regclass as class, oid from pg_catalog.pg_proc where pronamespace = 'watertight'::regnamespace
                   union all select 'pg_class'::regclass, oid from pg_catalog.pg_class where relnamespace = 'watertight'::regnamespace
                   union all select 'pg_type'::regclass, oid from pg_catalog.pg_type where typnamespace = 'watertight'::regnamespace),
          users as (select distinct d.classid, d.objid, d.objsubid from pg_catalog.pg_depend d join ours o on o.class = d.refclassid and o.oid = d.refobjid where d.deptype in ('n', 'a'))
     select i.type || ' ' || i.identity as name from users u cross join lateral pg_catalog.pg_identify_object(u.classid, u.objid, u.objsubid) i
      where i.schema is distinct from 'watertight' and i.identity !~ '(^| )watertight[.]'
      order by 1`,
  );
  if (rows.length > 0) throw kitError("WT_KIT_IN_USE", { detail: rows.map((row) => row.name).join(", ") });
}

async function dropRole(tx: KitTransaction, steps: Steps, role: string): Promise<void> {
  const name = `drop role ${role}`;
  const [found] = await tx.rows(
    "select pg_catalog.shobj_description(r.oid, 'pg_authid') as comment from pg_catalog.pg_roles r where r.rolname = $1",
    [role],
  );
  if (!found) return steps.already(name);
  if (!(found.comment as string | null)?.startsWith(madeByKit)) return steps.skipped(name, "the kit did not make it");
  const refused = await tx.attempt(() => steps.done(name, () => tx.run(`drop role ${quoteName(role)}`)));
  if (refused)
    steps.skipped(
      name,
      `${refused.message}${(refused as { detail?: string }).detail ? `: ${(refused as { detail?: string }).detail}` : ""}`,
    );
}
