/**
 * Looks at an installed kit and says what holds and what does not. Changes nothing: borrowed memberships are rolled back.
 */
import type { Queryable } from "../db/queryable.ts";
import { inKitTransaction } from "../db/transaction.ts";
import { asKitMember, requireKit } from "../install/installed.ts";
import type { RoleNames } from "../install/role-names.ts";
import { type Level, newestVersion } from "../install/sql-files.ts";
import type { Check } from "./check.ts";
import { installationChecks } from "./checks/installation.ts";
import { reportingChecks } from "./checks/reporting.ts";
import { rightsChecks } from "./checks/rights.ts";
import { roleChecks } from "./checks/roles.ts";
import { serverChecks } from "./checks/server.ts";
import { tableChecks } from "./checks/tables.ts";

/** The state of a database's kit. */
export interface KitStatus {
  readonly version: number;
  readonly newest: number;
  readonly level: Level;
  readonly roles: RoleNames;
  readonly checks: Check[];
}

/**
 * Runs all checks. The caller is a superuser, the database's owner, or the control role (which sees no keys).
 * @example const failed = (await kitStatus(client)).checks.filter((check) => check.state === "fail");
 * @throws KitError WT_KIT_NOT_INSTALLED
 */
export async function kitStatus(db: Queryable): Promise<KitStatus> {
  return inKitTransaction(db, true, async (tx) => {
    const run = async (full: boolean): Promise<KitStatus> => {
      const kit = await requireKit(tx);
      const context = { tx, kit, full };
      const checks: Check[] = [];
      for (const group of [installationChecks, tableChecks, roleChecks, reportingChecks, rightsChecks, serverChecks])
        checks.push(...(await group(context)));
      return { version: kit.version, newest: newestVersion(), level: kit.level, roles: kit.roles, checks };
    };
    const [control] = await tx.rows(
      "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'watertight' and c.relname = 'setting' and pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select') and not pg_catalog.pg_has_role(n.nspowner, 'usage')) as only",
    );
    return control!.only && !tx.caller.superuser ? run(false) : asKitMember(tx, () => run(true));
  });
}
