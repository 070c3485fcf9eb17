/**
 * Step: the tenant's row, the choice of its place, and the place's own row, in one transaction of the catalog. A warm database is taken where
 * one is ready. Must never choose twice for one operation: what was chosen is found again.
 */
import type { Queryable } from "@watertight/schema";
import { appendAudit } from "../audit-log/append-audit.ts";
import { prepareTenantPlacement, retirePlacement, setLocationState } from "../catalog/placements.ts";
import { getTenant, insertTenants } from "../catalog/tenants.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Step, StepContext } from "../operations/operation.ts";
import { lockCellLoads } from "./cell-loads.ts";
import { type Choice, chooseCell } from "./choose-cell.ts";
import { placeName } from "./names.ts";
import { newDatabase } from "./new-database.ts";
import { findPlace, locationOf, type Place, preparePlace, type ProvisioningOptions } from "./place.ts";
import { requireModel } from "./schema-version.ts";
import type { CreateTenant } from "./tenant-input.ts";

/** Where a tenant is, or is about to be. */
export async function placeOfTenant(db: Queryable, tenant: string, service: string): Promise<string | undefined> {
  const { rows } = await db.query(
    "select location from watertight_catalog.placement where tenant = $1 and service = $2 and state in ('incoming', 'active') order by state limit 1",
    [tenant, service],
  );
  return rows[0]?.["location"] as string | undefined;
}

/** Reserves id, slug and place. */
export function reserveStep(options: ProvisioningOptions): Step<CreateTenant> {
  return {
    name: "reserve",
    observe: async ({ catalog, input }) =>
      (await withConnection(catalog, (db) => placeOfTenant(db, input.tenant.id, input.service))) !== undefined,
    async act(context) {
      const source = await options.schemaOf(context.input.service);
      requireModel(source, context.input.model, context.input.service);
      await context.commit(async (tx) => {
        await ensureTenant(tx, context);
        await takePlace(tx, context, options, source.version);
        context.failpoint("reserve.inside");
      });
    },
    async undo(context) {
      await context.commit(async (tx) => {
        const { tenant, service } = context.input;
        const location = await placeOfTenant(tx, tenant.id, service);
        if (location === undefined) return;
        await retirePlacement(tx, context.actor, tenant.id, service, location);
        const place = await findPlace(tx, location);
        if (place?.madeBy === context.operation.id) await setLocationState(tx, context.actor, location, "retired");
        // a warm database that was taken and not made this operation's own waits again
        else if (place?.model === "database")
          await tx.query("update watertight_catalog.location set warm = true, version = version + 1 where id = $1", [
            location,
          ]);
      });
    },
  };
}

// The row of an earlier try that failed is taken up again; nobody else works on this id, because the operation's subject is it.
async function ensureTenant(tx: Queryable, { actor, input: { tenant } }: StepContext<CreateTenant>): Promise<void> {
  const { rows } = await tx.query("select slug, state from watertight_catalog.tenant where id = $1", [tenant.id]);
  const [found] = rows;
  if (found === undefined) return insertTenants(tx, actor, [tenant]);
  if (found["state"] !== "provisioning" || found["slug"] !== tenant.slug)
    throw controlError("WT_CATALOG_DUPLICATE", { detail: `tenant ${tenant.id} is ${found["state"]}` });
  await getTenant(tx, tenant.id);
}

async function takePlace(
  tx: Queryable,
  context: StepContext<CreateTenant>,
  options: ProvisioningOptions,
  version: number,
): Promise<void> {
  const { input, actor, operation } = context;
  const choice = await choose(tx, input, version);
  let location = choice.location;
  if (location === undefined) {
    location = locationOf(operation.id);
    const database = newDatabase(options, operation.id, {
      cell: choice.cell,
      model: "database",
      database: placeName(input.tenant.slug, `${input.tenant.id}\0${operation.id}`),
      service: input.service,
      schemaVersion: version,
    });
    await preparePlace(tx, actor, operation, database);
  } else if (input.model === "schema") {
    const host = (await findPlace(tx, location)) as Place;
    location = locationOf(operation.id);
    await preparePlace(tx, actor, operation, {
      ...host,
      id: location,
      model: "schema",
      schema: placeName(input.tenant.slug, `${input.tenant.id}\0${operation.id}`),
      schemaVersion: version,
      warm: false,
    });
  }
  await prepareTenantPlacement(tx, input.tenant.id, input.service, location);
}

async function choose(tx: Queryable, input: CreateTenant, version: number): Promise<Choice> {
  const { model, service, region, cell, location } = input;
  const loads = await lockCellLoads(tx);
  if (model === "database") {
    const warm = await takeWarm(tx, input, version);
    if (warm !== undefined) return warm;
  }
  return chooseCell(loads, {
    model,
    service,
    ...(region === undefined ? {} : { region }),
    ...(cell === undefined ? {} : { cell }),
    ...(location === undefined ? {} : { location }),
  });
}

/** A ready database of this version that waits for a tenant, where the tenant may go; it becomes this operation's. */
async function takeWarm(
  tx: Queryable,
  { service, region, cell }: CreateTenant,
  version: number,
): Promise<Choice | undefined> {
  const { rows } = await tx.query(
    `update watertight_catalog.location set warm = false, version = version + 1 where id = (
       select l.id from watertight_catalog.location l join watertight_catalog.cell c on c.id = l.cell
        where l.warm and l.state = 'ready' and l.service = $1 and l.schema_version = $2 and c.state = 'active'
          and ($3::text is null or c.region = $3) and ($4::text is null or c.id = $4)
        order by l.created_at limit 1 for update of l)
     returning id, cell`,
    [service, version, region ?? null, cell ?? null],
  );
  const [taken] = rows;
  if (taken === undefined) return undefined;
  await appendAudit(tx, { name: "warm" }, "location.assigned", `location:${taken["id"]}`);
  return { cell: taken["cell"] as string, location: taken["id"] as string };
}
