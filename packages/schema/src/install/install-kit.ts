/**
 * Installs the kit, or brings an installed one up to date: the same call, so that a second run changes nothing. All of it is one
 * transaction. Must work as a superuser and as a database owner with CREATEROLE; what could not be done is a skipped step with its reason.
 */
import type { Queryable } from "../db/queryable.ts";
import { quoteName } from "../db/quote.ts";
import { inKitTransaction, type KitTransaction } from "../db/transaction.ts";
import { withMembership } from "../db/membership.ts";
import { kitError } from "../errors/kit-error.ts";
import { formatKey, newKey, parseKey } from "../keys/key-material.ts";
import { keyIds, makeSeal, requireSameKey, storeKey } from "../keys/store-keys.ts";
import { harden } from "./harden.ts";
import { asKitMember, installedKit, installedVersion } from "./installed.ts";
import { makeRoles } from "./make-roles.ts";
import { resolveRoles, type RoleNames } from "./role-names.ts";
import { appliedFiles, putSetting, runFiles, runLevel } from "./run-files.ts";
import type { Level } from "./sql-files.ts";
import { type Step, Steps } from "./steps.ts";

/** What to install. */
export interface InstallOptions {
  /** Role names; default `watertight_owner` and so on. After the first installation the names are remembered. */
  readonly roles?: Partial<RoleNames>;
  /** Default `sealed`, or the installed level. */
  readonly level?: Level;
  /** Revoke dangerous rights from PUBLIC; default true. */
  readonly harden?: boolean;
  /** Use this token key (`kid:base64url(32 bytes)`) instead of making one. */
  readonly key?: string;
  /** Stop after this numbered file; for tests of upgrades. */
  readonly upTo?: number;
  /** Roll everything back at the end; the steps then show the SQL that would run. */
  readonly dryRun?: boolean;
}

/** What was done. */
export interface InstallReport {
  /** Numbered files applied by this run. */
  readonly applied: number[];
  readonly steps: Step[];
  /** The token key as the application needs it (WATERTIGHT_KEY); only when this run made it. Keep it secret. */
  readonly key?: string;
  readonly level: Level;
  readonly roles: RoleNames;
}

/** Serialises installations of one database; any number that nobody else uses. */
const installLock = "7071001";

/**
 * Installs or upgrades the kit on one connection.
 * @example const report = await installKit(client, { level: "sealed" });
 * @throws KitError WT_KIT_PRIVILEGE, WT_KIT_EDITED, WT_KIT_TOO_NEW, WT_KIT_SCHEMA_TAKEN, WT_KIT_ROLES_DIFFER, WT_KIT_KEY
 */
export async function installKit(db: Queryable, options: InstallOptions = {}): Promise<InstallReport> {
  if (options.level !== undefined && !["plain", "sealed", "hostile"].includes(options.level))
    throw kitError("WT_KIT_OPTION", { detail: `level ${options.level}` });
  return inKitTransaction(db, options.dryRun ?? false, (tx) => asKitMember(tx, () => install(tx, options)));
}

/**
 * Brings an installed kit up to date, at its own level and with its own role names: {@link installKit} again.
 * @example await upgradeKit(client);
 * @throws KitError WT_KIT_NOT_INSTALLED and those of installKit
 */
export async function upgradeKit(db: Queryable, options: InstallOptions = {}): Promise<InstallReport> {
  if ((await installedVersion(db)) === 0) throw kitError("WT_KIT_NOT_INSTALLED");
  return installKit(db, options);
}

async function install(tx: KitTransaction, options: InstallOptions): Promise<InstallReport> {
  const steps = new Steps(tx);
  const known = await installedKit(tx);
  const roles = resolveRoles(options.roles, known?.roles);
  if (known && Object.entries(known.roles).some(([kind, name]) => roles[kind as keyof RoleNames] !== name))
    throw kitError("WT_KIT_ROLES_DIFFER");
  const level = options.level ?? known?.level ?? "sealed";
  const { prober } = await makeRoles(tx, steps, roles);
  return withMembership(tx, [roles.owner], async () => {
    await tx.rows(`select pg_catalog.pg_advisory_xact_lock(${installLock})`);
    await makeSchema(tx, steps, roles);
    const applied = await tx.as(roles.owner, async () => {
      const numbers = await runFiles(tx, steps, roles, options.upTo ?? Number.POSITIVE_INFINITY);
      await runLevel(tx, steps, roles, level);
      return numbers;
    });
    const probes = prober && (await handOverProbe(tx, steps, roles));
    const key = await tx.as(roles.owner, async () => {
      await putSettings(tx, steps, {
        level,
        ...roles,
        prober: probes ? roles.prober : "",
        prober_name: roles.prober,
      });
      return firstKey(tx, steps, level, options.key);
    });
    if (options.harden ?? true) await hardenWhenReady(tx, steps, roles);
    return { applied, steps: steps.list, ...(key === undefined ? {} : { key }), level, roles };
  });
}

async function makeSchema(tx: KitTransaction, steps: Steps, roles: RoleNames): Promise<void> {
  const [found] = await tx.rows(
    `select pg_catalog.pg_get_userbyid(n.nspowner) as owner, pg_catalog.to_regclass('watertight.migration') is not null as ours
       from pg_catalog.pg_namespace n where n.nspname = 'watertight'`,
  );
  if (found && (!found.ours || found.owner !== roles.owner))
    throw kitError("WT_KIT_SCHEMA_TAKEN", { detail: `owned by ${found.owner}` });
  if (found) return steps.already("schema watertight");
  await steps.done("schema watertight", async () => {
    await tx.run(`create schema watertight authorization ${quoteName(roles.owner)}`);
    const users = [roles.app, roles.readonly, roles.control, roles.migrator].map(quoteName).join(", ");
    await tx.as(roles.owner, () => tx.run(`grant usage on schema watertight to ${users}`));
  });
}

async function putSettings(tx: KitTransaction, steps: Steps, settings: Record<string, string>): Promise<void> {
  const before = tx.statements.length;
  let changed = false;
  for (const [name, value] of Object.entries(settings)) changed = (await putSetting(tx, name, value)) || changed;
  if (!changed) {
    tx.statements.length = before;
    return steps.already("settings");
  }
  steps.list.push({ name: "settings", state: "done", sql: tx.statements.slice(before) });
}

async function firstKey(
  tx: KitTransaction,
  steps: Steps,
  level: Level,
  given: string | undefined,
): Promise<string | undefined> {
  if (!(await appliedFiles(tx)).has(2)) return undefined;
  const kids = await keyIds(tx);
  const wanted = given === undefined ? undefined : parseKey(given);
  const have = wanted ? kids.has(wanted.kid) : kids.size > 0;
  if (have && wanted) await requireSameKey(tx, wanted);
  const [sealed] = await tx.rows("select exists (select from watertight.seal) as yes");
  if (sealed!.yes) steps.already("seal key");
  else await steps.done("seal key", () => makeSeal(tx));
  if (have) steps.already("token key");
  // level plain checks no token; a key that nobody needs is a secret that somebody can lose
  if (have || (!wanted && level === "plain")) return undefined;
  const key = wanted ?? newKey(kids);
  await steps.done("token key", () => storeKey(tx, key));
  return wanted ? undefined : formatKey(key);
}

// The prober sees every tenant's rows, so it owns this one function and nothing else, and may create nothing.
async function handOverProbe(tx: KitTransaction, steps: Steps, roles: RoleNames): Promise<boolean> {
  const [found] = await tx.rows(
    "select pg_catalog.pg_get_userbyid(p.proowner) as owner from pg_catalog.pg_proc p where p.oid = pg_catalog.to_regprocedure('watertight.find_owner(regclass, text, jsonb)')",
  );
  if (!found) return false;
  if (found.owner === roles.prober) {
    steps.already("probe function");
    return true;
  }
  const prober = quoteName(roles.prober);
  const refused = await tx.attempt(() =>
    withMembership(tx, [roles.prober], () =>
      steps.done("probe function", () =>
        tx.run(`grant create on schema watertight to ${prober};
alter function watertight.find_owner(regclass, text, jsonb) owner to ${prober};
revoke create on schema watertight from ${prober};
grant execute on function watertight.find_owner(regclass, text, jsonb) to ${quoteName(roles.owner)}`),
      ),
    ),
  );
  if (refused) steps.skipped("probe function", `${refused.message}: probes record not_visible`);
  return refused === undefined;
}

async function hardenWhenReady(tx: KitTransaction, steps: Steps, roles: RoleNames): Promise<void> {
  if ((await appliedFiles(tx)).has(7)) await harden(tx, steps, roles);
}
