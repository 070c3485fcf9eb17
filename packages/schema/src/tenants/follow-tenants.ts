/**
 * Keeps the list of tenants in step with the application's own table of tenants, by a trigger: a new row is served at once, a deleted one
 * never again.
 */
import { withMembership } from "../db/membership.ts";
import type { Queryable } from "../db/queryable.ts";
import { quoteName, quoteQualified, quoteText } from "../db/quote.ts";
import { kitError } from "../errors/kit-error.ts";
import { withKit } from "../install/with-kit.ts";
import { findTable } from "../protect/find-table.ts";
import { registerFrom } from "./tenants.ts";

/** Name of the trigger. */
export const followTrigger = "watertight_follow_tenants";

/**
 * Registers the tenants of a table and follows it from now on. Answers how many were new.
 * @example await followTenants(client, "tenants", "id");
 * @throws KitError WT_KIT_TABLE
 */
export async function followTenants(db: Queryable, table: string, column: string): Promise<number> {
  const found = await findTable(db, table);
  return withKit(db, false, async (tx) => {
    const name = quoteQualified(found.schema, found.name);
    const [facts] = await tx.rows(
      `select pg_catalog.pg_get_userbyid(c.relowner)::text as owner, c.relkind as kind, exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = $2 and not a.attisdropped) as column,
              exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and t.tgname = $3) as followed from pg_catalog.pg_class c where c.oid = $1`,
      [found.oid, column, followTrigger],
    );
    if (!facts!.column || !["r", "p"].includes(facts!.kind))
      throw kitError("WT_KIT_TABLE", { detail: `${name} has no column ${JSON.stringify(column)}` });
    return withMembership(tx, [facts!.owner], async () => {
      if (facts!.followed) await tx.run(`drop trigger ${followTrigger} on ${name}`);
      await tx.run(
        `create trigger ${followTrigger} after insert or update of ${quoteName(column)} or delete on ${name} for each row execute function watertight.follow_tenants(${quoteText(column)})`,
      );
      return registerFrom(tx, found, column);
    });
  });
}
