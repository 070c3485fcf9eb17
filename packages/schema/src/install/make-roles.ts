/**
 * Makes the kit's roles where they do not exist. An existing role is adopted as it is: its password and attributes are never
 * touched. A role that row security does not bind (owner, app, readonly) is refused; lesser excess rights are reported.
 */
import { quoteName, quoteText } from "../db/quote.ts";
import type { KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import type { Steps } from "./steps.ts";
import type { RoleNames } from "./role-names.ts";

/** Marks roles that the kit made (also across databases), so that uninstall never drops a role of somebody else. */
export const madeByKit = "Made by Watertight";

const plain = "nosuperuser nocreatedb nocreaterole noreplication";

interface Attributes {
  readonly superuser: boolean;
  readonly bypass: boolean;
  readonly login: boolean;
  readonly createrole: boolean;
}

async function attributes(tx: KitTransaction, name: string): Promise<Attributes | undefined> {
  const [row] = await tx.rows(
    `select rolsuper as superuser, rolbypassrls as bypass, rolcanlogin as login, rolcreaterole as createrole from pg_catalog.pg_roles where rolname = $1`,
    [name],
  );
  return row as Attributes | undefined;
}

/** Makes or adopts every role; answers whether the prober exists. */
export async function makeRoles(tx: KitTransaction, steps: Steps, roles: RoleNames): Promise<{ prober: boolean }> {
  const { caller } = tx;
  // since 16 a creator may pass on what it has itself; before that only a superuser makes roles with BYPASSRLS
  const mayBypass = caller.superuser || (caller.version >= 160000 && caller.bypassRls);
  const noBypass = `BYPASSRLS cannot be granted by ${caller.user}`;

  const make = async (
    name: string,
    options: string,
    purpose: string,
    unsafe: (found: Attributes) => string | undefined,
  ): Promise<void> => {
    const found = await attributes(tx, name);
    if (found) return steps.already(`role ${name}`, unsafe(found));
    if (!caller.createRole)
      throw kitError("WT_KIT_PRIVILEGE", {
        detail: `role ${name} does not exist and ${caller.user} has no CREATEROLE`,
        next: `Create it first: create role ${quoteName(name)} ${options}`,
      });
    await steps.done(`role ${name}`, async () => {
      await tx.run(`create role ${quoteName(name)} ${options}`);
      await tx.run(`comment on role ${quoteName(name)} is ${quoteText(`${madeByKit}: ${purpose}`)}`);
    });
  };
  // Never correct such a role instead: it is somebody's administrator, and may be the only one (A4)
  const bound = (kind: "app" | "readonly", found: Attributes): string | undefined => {
    const name = roles[kind];
    const why = found.superuser
      ? "is a superuser"
      : found.bypass
        ? "has BYPASSRLS"
        : name === caller.user
          ? "is the role that installs the kit"
          : undefined;
    if (why !== undefined)
      throw kitError("WT_KIT_ROLE_UNSAFE", {
        detail: `${name} ${why}, so row security would not bind the application`,
        next: `Let the application connect as another role: leave --role ${kind}=… out, or name a role without such rights.`,
      });
    return found.createrole ? "has CREATEROLE, which defeats row security: see kit status" : undefined;
  };

  await make(roles.owner, `nologin ${plain} nobypassrls`, "owns the kit and the protected tables", () => undefined);
  const owner = (await attributes(tx, roles.owner))!;
  if (owner.superuser || owner.bypass)
    throw kitError("WT_KIT_ROLE_UNSAFE", {
      detail: `${roles.owner} is a superuser or has BYPASSRLS, so it would see every tenant through views and functions`,
    });
  await make(
    roles.migrator,
    `login inherit ${plain} ${mayBypass ? "bypassrls" : "nobypassrls"}`,
    "runs migrations",
    () => undefined,
  );
  await make(roles.app, `login ${plain} nobypassrls`, "the application", (found) => bound("app", found));
  await make(roles.readonly, `login ${plain} nobypassrls`, "reads as one tenant", (found) => bound("readonly", found));
  await make(roles.control, `login ${plain} nobypassrls`, "operators and control plane", () => undefined);
  const migrator = (await attributes(tx, roles.migrator))!;
  if (!migrator.bypass && !migrator.superuser)
    steps.skipped(
      `migrator ${roles.migrator} bypasses row security`,
      `${noBypass}: migrations lift FORCE on the tables they touch, inside their own transaction (withForceLifted)`,
    );

  const prober = (await attributes(tx, roles.prober)) !== undefined || mayBypass;
  if (prober)
    await make(roles.prober, `nologin ${plain} bypassrls`, "owns the probe function", (found) =>
      found.bypass ? undefined : "has no BYPASSRLS: probes record not_visible",
    );
  else steps.skipped(`role ${roles.prober}`, `${noBypass}: probes record not_visible`);
  const usable = prober && ((await attributes(tx, roles.prober))?.bypass ?? true);

  await joinOwner(tx, steps, roles);
  return { prober: usable };
}

async function joinOwner(tx: KitTransaction, steps: Steps, roles: RoleNames): Promise<void> {
  const modern = tx.caller.version >= 160000;
  const name = `${roles.migrator} inherits ${roles.owner}`;
  const [has] = await tx.rows(
    `select exists (select from pg_catalog.pg_auth_members m where m.roleid = $1::regrole and m.member = $2::regrole ${modern ? "and m.inherit_option and m.set_option" : ""}) as yes`,
    [quoteName(roles.owner), quoteName(roles.migrator)],
  );
  if (has!.yes) return steps.already(name);
  // SET is needed to hand new objects over to the owner; the migrator still never has to SET ROLE
  await steps.done(name, () =>
    tx.run(
      `grant ${quoteName(roles.owner)} to ${quoteName(roles.migrator)}${modern ? " with inherit true, set true" : ""}`,
    ),
  );
}
