/**
 * Step: the tenant's row in the fence of its place, not yet active. The row is made and set aside in one transaction, so that nobody is served
 * before the intrusion test. Must never take over a row that was there before.
 */
import type { Queryable } from "@watertight/schema";
import { onPlace } from "../cells/on-place.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Step, StepContext } from "../operations/operation.ts";
import { findPlaceOf, type Place, type PlaceFinder, placeOf, type ProvisioningOptions } from "./place.ts";
import { settle } from "./place-roles.ts";

/** Registers the tenant in its place's fence. */
export function fenceStep<I>(
  options: ProvisioningOptions,
  finder: PlaceFinder<I>,
  tenantOf: (input: I) => string,
): Step<I> {
  const at = <T>(context: StepContext<I>, place: Place, fn: (session: Queryable) => Promise<T>): Promise<T> =>
    onPlace(context as never, options.secrets, { cell: place.onCell, database: place.database }, fn);
  return {
    name: "fence",
    async observe(context) {
      const place = await placeOf(context, finder);
      const tenant = tenantOf(context.input);
      const states = await at(context, place, (session) => fenceStates(session, [tenant]));
      if (states.size === 0) return false;
      if (!(await promised(context, place, tenant)))
        throw controlError("WT_CELL_FOREIGN_OBJECT", { detail: `tenant ${tenant} in the fence of ${place.database}` });
      return ["incoming", "active"].includes(states.get(tenant) ?? "");
    },
    async act(context) {
      const place = await placeOf(context, finder);
      const tenant = tenantOf(context.input);
      await context.willMake({ cell: place.cell, kind: "fence", name: tenant, database: place.database });
      context.failpoint("fence.promised");
      await at(context, place, async (session) => {
        await registerIncoming(session, [tenant], place.schema);
        context.failpoint("fence.inside");
      });
    },
    async undo(context) {
      const place = await findPlaceOf(context, finder);
      const tenant = tenantOf(context.input);
      if (place === undefined || !(await promised(context, place, tenant))) return;
      // a database that goes as a whole takes its fence along
      if (place.madeBy !== context.operation.id || place.schema !== null)
        await at(context, place, (session) => forgetIncoming(session, [tenant]));
      await settle(context, "fence");
    },
  };
}

/** What the fence says of tenants. */
export async function fenceStates(session: Queryable, tenants: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await session.query("select tenant, state from watertight.fence where tenant = any ($1)", [tenants]);
  return new Map(rows.map((row) => [row["tenant"] as string, row["state"] as string]));
}

/**
 * Registers tenants as `incoming`: known, not served. Those that are there stay as they are. Written by the kit's owner and not by
 * register_tenant, whose rows are active at once; a row that nobody could open yet needs neither lock nor epoch.
 * @param schema of a tenant that has one of its own: what unqualified names mean in its transactions
 */
export async function registerIncoming(
  session: Queryable,
  tenants: readonly string[],
  schema: string | null = null,
): Promise<void> {
  const { rows } = await session.query(
    `with made as (
       insert into watertight.fence (tenant, state, schema_name) select t, 'incoming', $2 from pg_catalog.unnest($1::text[]) t on conflict do nothing
     ) select f.tenant from watertight.fence f where f.tenant = any ($1) and f.state = 'deleted' limit 1`,
    [tenants, schema],
  );
  // the fence's own word: a deleted tenant's id never comes back
  if (rows.length > 0)
    throw controlError("WT_CATALOG_DUPLICATE", { detail: `tenant ${rows[0]!["tenant"]} was deleted there` });
}

/** Takes back what was never active. */
export async function forgetIncoming(session: Queryable, tenants: readonly string[]): Promise<void> {
  await session.query("delete from watertight.fence where tenant = any ($1) and state = 'incoming'", [tenants]);
}

/** Whether this operation wrote down that it would make the row. */
async function promised<I>(context: StepContext<I>, place: Place, tenant: string): Promise<boolean> {
  return withConnection(context.catalog, async (db) => {
    const { rows } = await db.query(
      "select 1 from watertight_catalog.cleanup where operation = $1 and kind = 'fence' and cell = $2 and database = $3 and name = $4 and settled_as is distinct from 'removed'",
      [context.operation.id, place.cell, place.database, tenant],
    );
    return rows.length > 0;
  });
}
