/**
 * Operation `tenants.register`: many tenants into one pool at once, for an application that had them before us. All of them or none; the
 * intrusion test runs once, for the place.
 */
import { setLocationState } from "../catalog/placements.ts";
import { insertTenants, type NewTenant } from "../catalog/tenants.ts";
import { onPlace } from "../cells/on-place.ts";
import { appendAudit } from "../audit-log/append-audit.ts";
import { controlError } from "../errors/control-error.ts";
import { withConnection } from "../db/transaction.ts";
import type { OperationKind, Step, StepContext } from "../operations/operation.ts";
import { noteTenantVersion, openFence, versionText } from "./activate-step.ts";
import { lockCellLoads } from "./cell-loads.ts";
import { chooseCell } from "./choose-cell.ts";
import { fenceStates, forgetIncoming, registerIncoming } from "./fence-step.ts";
import { findPlace, type Place, type PlaceFinder, placeOf, type ProvisioningOptions } from "./place.ts";
import { settle } from "./place-roles.ts";
import { versionOf } from "./schema-version.ts";
import { smokeStep } from "./smoke/smoke-step.ts";
import { only, parseTenant, text, wrong } from "./tenant-input.ts";

/** What is asked for. */
export interface RegisterTenants {
  /** A pool. */
  readonly location: string;
  readonly tenants: readonly NewTenant[];
}

/** Tenants of one operation at most. */
const most = 20_000;

const finder: PlaceFinder<RegisterTenants> = async ({ input }, db) =>
  (await findPlace(db, input.location)) === undefined ? undefined : input.location;
const idsOf = ({ tenants }: RegisterTenants): string[] => tenants.map(({ id }) => id);

/** The kind. */
export function registerTenantsKind(options: ProvisioningOptions): OperationKind<RegisterTenants> {
  return {
    kind: "tenants.register",
    parse(input) {
      only(input, ["location", "tenants"]);
      const location = text(input, "location");
      const { tenants } = input;
      if (location === undefined) throw wrong("location is missing");
      if (!Array.isArray(tenants) || tenants.length === 0 || tenants.length > most)
        throw wrong(`tenants: 1 to ${most}`);
      return { location, tenants: tenants.map(parseTenant) };
    },
    subject: ({ location }) => `register:${location}`,
    steps: () => [reserveAll(), fenceAll(options), smokeStep(options, finder, () => undefined), activateAll(options)],
  };
}

async function statesOf(
  context: Pick<StepContext<RegisterTenants>, "catalog" | "input">,
  state: string,
): Promise<number> {
  return withConnection(context.catalog, async (db) => {
    const { rows } = await db.query(
      "select count(*)::int as n from watertight_catalog.placement where location = $1 and tenant = any ($2) and state = $3",
      [context.input.location, idsOf(context.input), state],
    );
    return rows[0]!["n"] as number;
  });
}

function reserveAll(): Step<RegisterTenants> {
  return {
    name: "reserve",
    observe: async (context) =>
      (await statesOf(context, "incoming")) + (await statesOf(context, "active")) === context.input.tenants.length,
    async act(context) {
      const { input, actor } = context;
      await context.commit(async (tx) => {
        const place = await findPlace(tx, input.location);
        if (place?.model !== "pool") throw controlError("WT_CATALOG_NOT_FOUND", { detail: `pool ${input.location}` });
        const loads = await lockCellLoads(tx);
        const after = loads.map((load) => ({ ...load, poolTenants: load.poolTenants + input.tenants.length - 1 }));
        chooseCell(after, { model: "pool", service: place.service, location: place.id });
        // those of an earlier try that failed are there already, and nobody's but this operation's
        const { rows } = await tx.query(
          `select t.id from watertight_catalog.tenant t join watertight_catalog.placement p on p.tenant = t.id and p.location = $2 and p.state = 'retired'
            where t.id = any ($1) and t.state = 'provisioning'`,
          [idsOf(input), input.location],
        );
        const known = new Set(rows.map((row) => row["id"] as string));
        const fresh = input.tenants.filter(({ id }) => !known.has(id));
        if (fresh.length > 0) await insertTenants(tx, actor, fresh);
        await tx.query(
          `insert into watertight_catalog.placement as p (tenant, service, location) select t, $2, $3 from pg_catalog.unnest($1::text[]) t
           on conflict (tenant, service, location) do update set state = 'incoming', updated_at = now() where p.state = 'retired'`,
          [idsOf(input), place.service, place.id],
        );
        context.failpoint("reserve.inside");
      });
    },
    undo: (context) =>
      context.commit(async (tx) => {
        await tx.query(
          "update watertight_catalog.placement set state = 'retired', updated_at = now() where location = $1 and tenant = any ($2) and state = 'incoming'",
          [context.input.location, idsOf(context.input)],
        );
      }),
  };
}

function fenceAll(options: ProvisioningOptions): Step<RegisterTenants> {
  const states = async (context: StepContext<RegisterTenants>, place: Place): Promise<Map<string, string>> =>
    onPlace(context as never, options.secrets, { cell: place.onCell, database: place.database }, (session) =>
      fenceStates(session, idsOf(context.input)),
    );
  return {
    name: "fence",
    observe: async (context) =>
      (await states(context, await placeOf(context, finder))).size === context.input.tenants.length,
    async act(context) {
      const place = await placeOf(context, finder);
      // one record for all: which they are stands in the operation's input
      await context.willMake({ cell: place.cell, kind: "fence", name: "*", database: place.database });
      context.failpoint("fence.promised");
      await onPlace(
        context as never,
        options.secrets,
        { cell: place.onCell, database: place.database },
        async (session) => {
          await registerIncoming(session, idsOf(context.input));
          context.failpoint("fence.inside");
        },
        { statementMs: 120_000 },
      );
    },
    async undo(context) {
      const place = await placeOf(context, finder);
      await onPlace(context as never, options.secrets, { cell: place.onCell, database: place.database }, (session) =>
        forgetIncoming(session, idsOf(context.input)),
      );
      await settle(context, "fence");
    },
  };
}

function activateAll(options: ProvisioningOptions): Step<RegisterTenants> {
  return {
    name: "activate",
    observe: async (context) => (await statesOf(context, "active")) === context.input.tenants.length,
    async act(context) {
      const place = await placeOf(context, finder);
      const ids = idsOf(context.input);
      await onPlace(
        context as never,
        options.secrets,
        { cell: place.onCell, database: place.database },
        async (session) => {
          const version = await versionOf(session, null);
          await noteTenantVersion(session, ids, versionText(await options.schemaOf(place.service), version));
          await context.commit(async (tx) => {
            const { rows } = await tx.query(
              "select min_version as least from watertight_catalog.service where id = $1 for share",
              [place.service],
            );
            if (version < (rows[0]!["least"] as number))
              throw controlError("WT_CATALOG_STATE", {
                detail: `schema version ${version} is below ${rows[0]!["least"]}`,
                next: "Migrate the pool first.",
              });
            await openFence(session, ids);
            context.failpoint("activate.fenced");
            await tx.query(
              "update watertight_catalog.placement set state = 'active', schema_version = $3, updated_at = now() where location = $1 and tenant = any ($2) and state = 'incoming'",
              [place.id, ids, version],
            );
            await tx.query(
              "update watertight_catalog.tenant set state = 'active', version = version + 1, updated_at = now() where id = any ($1) and state = 'provisioning'",
              [ids],
            );
            await setLocationState(tx, context.actor, place.id, "ready");
            await appendAudit(tx, context.actor, "tenants.active", `location:${place.id}`, {
              count: ids.length,
              schemaVersion: version,
            });
          });
        },
        { statementMs: 120_000 },
      );
    },
  };
}
