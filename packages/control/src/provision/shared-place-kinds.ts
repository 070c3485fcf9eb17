/**
 * Operations that make a database before there is a tenant for it: `pool.create` and `silo.create` for several, `warm.fill` for one that is to
 * come soon. The same steps, the same intrusion test; no tenant is active at the end.
 */
import { setLocationState } from "../catalog/placements.ts";
import type { Model } from "../catalog/tenants.ts";
import { withConnection } from "../db/transaction.ts";
import type { OperationKind, Step } from "../operations/operation.ts";
import { lockCellLoads } from "./cell-loads.ts";
import { chooseCell } from "./choose-cell.ts";
import { placeName } from "./names.ts";
import { newDatabase } from "./new-database.ts";
import { findPlace, locationOf, type PlaceFinder, preparePlace, type ProvisioningOptions } from "./place.ts";
import { databaseStep } from "./place-database.ts";
import { keysStep } from "./place-keys.ts";
import { rolesStep } from "./place-roles.ts";
import { secretsStep } from "./place-secrets.ts";
import { readyStep } from "./ready-step.ts";
import { requireModel } from "./schema-version.ts";
import { smokeStep } from "./smoke/smoke-step.ts";
import { only, optional, text, wrong } from "./tenant-input.ts";

/** What is asked for. */
export interface MakePlace {
  /** For people: becomes a part of the database's name. */
  readonly name: string;
  readonly service: string;
  readonly region?: string;
  readonly cell?: string;
}

const finder: PlaceFinder<MakePlace> = async ({ operation }, db) => {
  const id = locationOf(operation.id);
  return (await findPlace(db, id)) === undefined ? undefined : id;
};

/** A kind that makes a place. */
export function makePlaceKind(
  kind: "pool.create" | "silo.create" | "warm.fill",
  options: ProvisioningOptions,
): OperationKind<MakePlace> {
  const model: Model = kind === "pool.create" ? "pool" : kind === "silo.create" ? "silo" : "database";
  return {
    kind,
    parse(input) {
      only(input, ["name", "service", "region", "cell"]);
      const name = text(input, "name");
      if (name === undefined || name === "") throw wrong("name is missing");
      return {
        name,
        service: text(input, "service") ?? "main",
        ...optional("region", text(input, "region")),
        ...optional("cell", text(input, "cell")),
      };
    },
    subject: ({ service, name }) => `place:${service}:${model}:${name}`,
    steps: () => [
      reservePlace(options, model, kind === "warm.fill"),
      secretsStep(options, finder),
      rolesStep(options, finder),
      databaseStep(options, finder),
      keysStep(options, finder),
      smokeStep(options, finder, () => undefined),
      readyStep(kind === "warm.fill"),
    ],
  };
}

function reservePlace(options: ProvisioningOptions, model: Model, warm: boolean): Step<MakePlace> {
  return {
    name: "reserve",
    observe: async ({ catalog, operation }) => {
      const place = await withConnection(catalog, (db) => findPlace(db, locationOf(operation.id)));
      return place !== undefined && place.state !== "retired" && { location: place.id };
    },
    async act(context) {
      const { operation, input, actor } = context;
      const source = await options.schemaOf(input.service);
      requireModel(source, model, input.service);
      const { version } = source;
      await context.commit(async (tx) => {
        const { region, cell } = input;
        const choice = chooseCell(await lockCellLoads(tx), {
          model: "database",
          service: input.service,
          ...optional("region", region),
          ...optional("cell", cell),
        });
        const made = newDatabase(options, operation.id, {
          cell: choice.cell,
          model,
          database: placeName(input.name, operation.id),
          service: input.service,
          schemaVersion: version,
          // nobody takes it before it is ready
          warm,
        });
        await preparePlace(tx, actor, operation, made);
        context.failpoint("reserve.inside");
      });
      return { location: locationOf(operation.id) };
    },
    undo: (context) =>
      context.commit((tx) => setLocationState(tx, context.actor, locationOf(context.operation.id), "retired")),
  };
}
