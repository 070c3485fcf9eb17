/**
 * Operations that end and begin a tenant's service where it is: `tenant.suspend`, `tenant.resume`, `tenant.maintenance`, `tenant.archive`. The
 * fence of every place turns first when service ends and last when it begins: the catalog never says more than a place does.
 */
import { setTenantState, type TenantState } from "@watertight/schema";
import { onPlace } from "../cells/on-place.ts";
import { type CatalogTenantState, getTenant, moveTenantState } from "../catalog/tenants.ts";
import { withConnection } from "../db/transaction.ts";
import type { OperationKind, Step, StepContext } from "../operations/operation.ts";
import { fenceStates } from "./fence-step.ts";
import { findPlace, type Place, type ProvisioningOptions } from "./place.ts";
import { parseTenantOnly } from "./tenant-input.ts";

/** A tenant. */
export interface OneTenant {
  readonly tenant: string;
}

interface Change {
  readonly kind: string;
  readonly fence: TenantState;
  readonly from: readonly CatalogTenantState[];
  readonly to: CatalogTenantState;
}

const changes: readonly Change[] = [
  { kind: "tenant.suspend", fence: "suspended", from: ["active", "maintenance"], to: "suspended" },
  { kind: "tenant.maintenance", fence: "maintenance", from: ["active", "suspended"], to: "maintenance" },
  { kind: "tenant.archive", fence: "suspended", from: ["active", "suspended", "maintenance"], to: "archived" },
  { kind: "tenant.resume", fence: "active", from: ["suspended", "maintenance", "archived"], to: "active" },
];

/** The kinds. */
export function lifecycleKinds(options: ProvisioningOptions): OperationKind<OneTenant>[] {
  return changes.map((change) => ({
    kind: change.kind,
    parse: (input) => parseTenantOnly(input),
    subject: ({ tenant }) => `tenant:${tenant}`,
    steps: () =>
      change.to === "active"
        ? [fenceTenant(options, change.fence), moveTenant(change)]
        : [moveTenant(change), fenceTenant(options, change.fence)],
  }));
}

/** The active places of a tenant, one for each service. */
export async function activePlaces(context: Pick<StepContext<never>, "catalog">, tenant: string): Promise<Place[]> {
  return withConnection(context.catalog, async (db) => {
    const { rows } = await db.query(
      "select location from watertight_catalog.placement where tenant = $1 and state = 'active' order by service",
      [tenant],
    );
    const places = [];
    for (const row of rows) places.push((await findPlace(db, row["location"] as string)) as Place);
    return places;
  });
}

/** Step: the state of the tenant in the catalog. Its undo puts back what was there. */
export function moveTenant<I extends OneTenant>({ from, to }: Pick<Change, "from" | "to">): Step<I> {
  const stateOf = (context: StepContext<I>): Promise<CatalogTenantState> =>
    withConnection(context.catalog, async (db) => (await getTenant(db, context.input.tenant)).state);
  return {
    name: "catalog",
    observe: async (context) => (await stateOf(context)) === to,
    async act(context) {
      await context.commit(async (tx) => {
        const before = (await getTenant(tx, context.input.tenant)).state;
        await moveTenantState(tx, context.actor, context.input.tenant, from, to);
        // kept in the row of the operation, in the same transaction: an undo must know it even if nobody got further
        await tx.query("update watertight_catalog.operation set output = output || $2 where id = $1", [
          context.operation.id,
          JSON.stringify({ before }),
        ]);
        context.failpoint("catalog.inside");
      });
    },
    async undo(context) {
      await context.commit(async (tx) => {
        const { rows } = await tx.query(
          "select output ->> 'before' as before from watertight_catalog.operation where id = $1",
          [context.operation.id],
        );
        const before = rows[0]?.["before"] as CatalogTenantState | null;
        if (before !== null && (await getTenant(tx, context.input.tenant)).state === to)
          await moveTenantState(tx, context.actor, context.input.tenant, [to], before);
      });
    },
  };
}

/** What a fence says while the catalog says this. */
const fenceOf: Readonly<Partial<Record<CatalogTenantState, TenantState>>> = {
  active: "active",
  suspended: "suspended",
  maintenance: "maintenance",
  archived: "suspended",
};

/** Step: the state of the tenant in the fence of each of its places. Waits for running transactions, and tries again. */
export function fenceTenant<I extends OneTenant>(options: ProvisioningOptions, state: TenantState): Step<I> {
  const at = (context: StepContext<I>, place: Place, to: TenantState): Promise<void> =>
    onPlace(context as never, options.secrets, { cell: place.onCell, database: place.database }, async (session) => {
      await setTenantState(session, context.input.tenant, to);
      context.failpoint("fence.inside");
    });
  const stateAt = (context: StepContext<I>, place: Place): Promise<string | undefined> =>
    onPlace(context as never, options.secrets, { cell: place.onCell, database: place.database }, async (session) =>
      (await fenceStates(session, [context.input.tenant])).get(context.input.tenant),
    );
  return {
    name: "fence",
    async observe(context) {
      for (const place of await activePlaces(context as never, context.input.tenant))
        if ((await stateAt(context, place)) !== state) return false;
      return true;
    },
    async act(context) {
      for (const place of await activePlaces(context as never, context.input.tenant))
        if ((await stateAt(context, place)) !== state) await at(context, place, state);
    },
    // undone before or after the catalog's step: what stood before is in the operation, or still in the catalog
    async undo(context) {
      const { rows } = await withConnection(context.catalog, (db) =>
        db.query(
          "select coalesce(o.output ->> 'before', t.state) as before from watertight_catalog.operation o, watertight_catalog.tenant t where o.id = $1 and t.id = $2",
          [context.operation.id, context.input.tenant],
        ),
      );
      const before = fenceOf[rows[0]?.["before"] as CatalogTenantState];
      if (before === undefined) return;
      for (const place of await activePlaces(context as never, context.input.tenant))
        if ((await stateAt(context, place)) !== before) await at(context, place, before);
    },
  };
}
