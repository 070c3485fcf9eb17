/**
 * Step: the tenant turns active, in the catalog and in its place's fence. The release row is held FOR SHARE while the fence turns, so that no
 * release raises the least version in between. Must never activate a place that is below it.
 */
import type { Queryable } from "@watertight/schema";
import { onPlace } from "../cells/on-place.ts";
import { activatePlacement, activePlacement, setLocationState, unreadyPlacement } from "../catalog/placements.ts";
import { getTenant, moveTenantState } from "../catalog/tenants.ts";
import { withConnection } from "../db/transaction.ts";
import type { Step } from "../operations/operation.ts";
import type { SchemaSource } from "./schema-source.ts";
import { bringUpToDate, versionOf } from "./schema-version.ts";
import { fenceStates } from "./fence-step.ts";
import { findPlaceOf, type PlaceFinder, placeOf, type ProvisioningOptions } from "./place.ts";

/** Activates the tenant for the place's service. */
export function activateStep<I>(
  options: ProvisioningOptions,
  finder: PlaceFinder<I>,
  tenantOf: (input: I) => string,
): Step<I> {
  return {
    name: "activate",
    async observe(context) {
      const place = await placeOf(context, finder);
      const tenant = tenantOf(context.input);
      const [active, row] = await withConnection(context.catalog, async (db) => [
        await activePlacement(db, tenant, place.service),
        await getTenant(db, tenant),
      ]);
      // the catalog is written last: what it says has happened in the place as well
      return active?.location === place.id && row.state === "active";
    },
    async act(context) {
      const place = await placeOf(context, finder);
      const tenant = tenantOf(context.input);
      const source = await options.schemaOf(place.service);
      const address = { cell: place.onCell, database: place.database };
      // a release may have come since the copy was made; a shared place is the migrations' alone
      if (place.madeBy === context.operation.id)
        await onPlace(context as never, options.secrets, address, (session) =>
          bringUpToDate(session, place, source, tenant),
        );
      await onPlace(context as never, options.secrets, address, async (session) => {
        const version = await versionOf(session, place.schema);
        await noteTenantVersion(session, [tenant], versionText(source, version));
        await context.commit(async (tx: Queryable) => {
          await activatePlacement(tx, context.actor, {
            tenant,
            service: place.service,
            location: place.id,
            schemaVersion: version,
          });
          context.failpoint("activate.shared");
          await openFence(session, [tenant]);
          context.failpoint("activate.fenced");
          await setLocationState(tx, context.actor, place.id, "ready");
          await moveTenantState(tx, context.actor, tenant, ["provisioning"], "active");
        });
      });
    },
    async undo(context) {
      const place = await findPlaceOf(context, finder);
      if (place === undefined) return;
      const tenant = tenantOf(context.input);
      await onPlace(
        context as never,
        options.secrets,
        { cell: place.onCell, database: place.database },
        async (session) => {
          if ((await fenceStates(session, [tenant])).get(tenant) === "active")
            await session.query("select watertight.set_tenant_state($1, 'incoming')", [tenant]);
        },
      );
      await context.commit(async (tx) => {
        await unreadyPlacement(tx, context.actor, tenant, place.service, place.id);
        if ((await getTenant(tx, tenant)).state === "active")
          await moveTenantState(tx, context.actor, tenant, ["active"], "provisioning");
      });
    },
  };
}

/** Notes the version that tenants have here, for the gate of `open`; before they are served. */
export async function noteTenantVersion(
  session: Queryable,
  tenants: readonly string[],
  version: string,
): Promise<void> {
  await session.query("update watertight.fence set schema_version = $2 where tenant = any ($1)", [tenants, version]);
}

/** A version as the fence writes it. */
export function versionText(source: SchemaSource, version: number): string {
  return source.versionText?.(version) ?? String(version);
}

// Each turn takes a lock of the server's table, which holds some thousands.
const turnsAtOnce = 1000;

/** Serves tenants from now on. Reading words only: while the catalog's transaction is held, nothing may wait for the audit log. */
export async function openFence(session: Queryable, tenants: readonly string[]): Promise<void> {
  for (let at = 0; at < tenants.length; at += turnsAtOnce)
    await session.query("select watertight.set_tenant_state(t, 'active') from pg_catalog.unnest($1::text[]) t", [
      tenants.slice(at, at + turnsAtOnce),
    ]);
}
