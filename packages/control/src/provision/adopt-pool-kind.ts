/**
 * Operation `pool.adopt`: a database that an application uses already becomes a location for its tenants. It is inspected and attacked like a
 * new one, in transactions that are rolled back. Must never change it but for the kit's own ledger, and never drop anything of it: what was there
 * before us stays.
 */
import { getCell } from "../catalog/cells.ts";
import { ensureLocation, setLocationState } from "../catalog/placements.ts";
import { withConnection } from "../db/transaction.ts";
import { onPlace } from "../cells/on-place.ts";
import type { OperationKind, Step } from "../operations/operation.ts";
import { type InspectedDatabase, inspectDatabase } from "./inspect-database.ts";
import { asReference } from "../secrets/secrets.ts";
import { baselineStep } from "./baseline-step.ts";
import { claimStep } from "./claim-step.ts";
import { findPlace, locationOf, type PlaceFinder, type ProvisioningOptions } from "./place.ts";
import { readyStep } from "./ready-step.ts";
import { smokeStep } from "./smoke/smoke-step.ts";
import { only, text, wrong } from "./tenant-input.ts";

/** What is asked for. The roles are the kit's own: the database says which. */
export interface AdoptPool {
  readonly cell: string;
  readonly database: string;
  readonly service: string;
  /** References to the passwords of the kit's `app` and `readonly` roles there. */
  readonly rwSecret: string;
  readonly roSecret: string;
  /** Reference to the key that signs contexts there; none at level plain. */
  readonly keySecret?: string;
  /** The release that its schema is at: written into its ledger, so that the next release begins there. */
  readonly release?: number;
}

const finder: PlaceFinder<AdoptPool> = async ({ operation }, db) => {
  const id = locationOf(operation.id);
  return (await findPlace(db, id)) === undefined ? undefined : id;
};

/** The kind. */
export function adoptPoolKind(options: ProvisioningOptions): OperationKind<AdoptPool> {
  return {
    kind: "pool.adopt",
    parse(input) {
      only(input, ["cell", "database", "service", "rwSecret", "roSecret", "keySecret", "release"]);
      const needed = (field: string): string => {
        const value = text(input, field);
        if (value === undefined || value === "") throw wrong(`${field} is missing`);
        return value;
      };
      const key = text(input, "keySecret");
      const release = input["release"];
      if (release !== undefined && !(Number.isInteger(release) && (release as number) > 0))
        throw wrong(`release ${JSON.stringify(release)}: a number from watertight migrations list`);
      return {
        cell: needed("cell"),
        database: needed("database"),
        service: text(input, "service") ?? "main",
        // an input is kept: a password in it would be in the catalog
        rwSecret: asReference(needed("rwSecret"), "rwSecret"),
        roSecret: asReference(needed("roSecret"), "roSecret"),
        ...(key === undefined ? {} : { keySecret: asReference(key, "keySecret") }),
        ...(release === undefined ? {} : { release: release as number }),
      };
    },
    subject: ({ cell, database }) => `database:${cell}:${database}`,
    steps: () => [
      inspectStep(options),
      claimStep(options),
      reserveStep,
      // a tenant that is not there: that the key opens nothing for it is a part of the test
      smokeStep(options, finder, () => "00000000-0000-4000-8000-000000000000"),
      baselineStep(options),
      readyStep(false),
    ],
  };
}

function inspectStep({ secrets }: ProvisioningOptions): Step<AdoptPool> {
  return {
    name: "inspect",
    // again under each lease, as the intrusion test is
    observe: async ({ output, operation }) =>
      (output["inspected"] as { lease?: string } | undefined)?.lease === operation.leaseToken,
    async act(context) {
      const { input, catalog } = context;
      // read before anything is noted: a reference that leads nowhere is the most frequent mistake
      const [key] = await Promise.all([
        input.keySecret === undefined ? undefined : secrets.read(input.keySecret),
        secrets.read(input.rwSecret),
        secrets.read(input.roSecret),
      ]);
      const cell = await withConnection(catalog, (db) => getCell(db, input.cell));
      const found = await onPlace(context as never, secrets, { cell, database: input.database }, (session) =>
        inspectDatabase(session, key?.slice(0, key.indexOf(":"))),
      );
      return { inspected: { lease: context.operation.leaseToken, ...found } };
    },
  };
}

const reserveStep: Step<AdoptPool> = {
  name: "reserve",
  observe: async ({ catalog, operation }) => {
    const place = await withConnection(catalog, (db) => findPlace(db, locationOf(operation.id)));
    return place !== undefined && place.state !== "retired" && { location: place.id };
  },
  async act(context) {
    const { input, operation, actor } = context;
    const { rwRole, roRole, schemaVersion } = context.output["inspected"] as unknown as InspectedDatabase;
    const id = locationOf(operation.id);
    await context.commit(async (tx) => {
      await ensureLocation(tx, actor, {
        id,
        cell: input.cell,
        model: "pool",
        database: input.database,
        schema: null,
        rwRole,
        roRole,
        rwSecret: input.rwSecret,
        roSecret: input.roSecret,
        keySecret: input.keySecret ?? null,
      });
      // made_by stays null: it was there before us
      await tx.query(
        "update watertight_catalog.location set service = $2, schema_version = $3, state = 'preparing' where id = $1",
        [id, input.service, schemaVersion],
      );
      context.failpoint("reserve.inside");
    });
    return { location: id };
  },
  undo: (context) =>
    context.commit((tx) => setLocationState(tx, context.actor, locationOf(context.operation.id), "retired")),
};
