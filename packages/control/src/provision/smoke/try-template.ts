/**
 * The whole intrusion test of a template, in a copy of it that is thrown away: sequences move and pages are written, and a template must stay as it
 * was filled. Nobody's logins are there yet, so the class roles attack that every tenant's logins are members of. Returns what every later copy
 * is compared with; throws when anything got in.
 */
import { openContext, quoteName, rekeyKit, type Queryable, type RoleNames } from "@watertight/schema";
import { randomBytes, randomUUID } from "node:crypto";
import { controlError } from "../../errors/control-error.ts";
import { registerIncoming } from "../fence-step.ts";
import type { SchemaSource } from "../schema-source.ts";
import { attack, type Found, mayBecome } from "./attack.ts";
import { attackScript, readOnlyScript, withoutContextScript } from "./attack-sql.ts";
import { readFingerprint, readObjects } from "./fingerprint.ts";
import { type AttackedGroup, protectedTables } from "./protected-tables.ts";
import type { TemplateRecord } from "./template-records.ts";

/**
 * Attacks every protected table of the session's database, which is thrown away afterwards.
 * @throws ControlError WT_PROVISION_LEAK
 */
export async function tryTemplate(
  session: Queryable,
  roles: RoleNames,
  source: SchemaSource,
): Promise<TemplateRecord & { readonly tables: number; readonly untested: readonly string[] }> {
  const fingerprint = await readFingerprint(session);
  const objects = await readObjects(session);
  const { groups, leaks } = await protectedTables(
    session,
    roles.app,
    source.tables.map(({ table }) => table),
  );
  const found: Found[] = [{ leaks, untested: [] }];
  // the seal and the key of this copy alone
  const key = `try0:${randomBytes(32).toString("base64url")}`;
  await rekeyKit(session, key);
  for (const group of groups) found.push(...(await attackGroup(session, roles, group)));
  const waiting = groups[0]?.own ?? randomUUID();
  await registerIncoming(session, [waiting]);
  if (!(await refusesToOpenAs(session, roles.app, waiting, key)))
    found.push({ leaks: ["a tenant that is not active yet was opened"], untested: [] });
  const all = found.flatMap((each) => each.leaks);
  if (all.length > 0) throw controlError("WT_PROVISION_LEAK", { detail: all.slice(0, 20).join("; ") });
  return {
    fingerprint,
    objects,
    tables: groups.reduce((sum, { tables }) => sum + tables.length, 0),
    untested: found.flatMap((each) => each.untested).slice(0, 50),
  };
}

async function attackGroup(
  session: Queryable,
  roles: RoleNames,
  { own, other, tables }: AttackedGroup,
): Promise<Found[]> {
  const seed = { tenant: other, owner: roles.owner };
  return [
    await attack(session, { script: attackScript, tables, role: roles.app, tenant: own, seed }),
    // over rows of another tenant: in an empty table there is nothing to be seen
    await attack(session, { script: withoutContextScript, tables, role: roles.app, seed }),
    await attack(session, { script: readOnlyScript, tables, role: roles.readonly, readWrite: true }),
  ];
}

async function refusesToOpenAs(session: Queryable, role: string, tenant: string, key: string): Promise<boolean> {
  await session.query("begin");
  try {
    await mayBecome(session, role);
    await session.query(`set local role ${quoteName(role)}`);
    await openContext(session, tenant, "sealed", key);
    return false;
  } catch (error) {
    if ((error as { code?: string }).code === "WT002") return true;
    throw error;
  } finally {
    await session.query("rollback");
  }
}
