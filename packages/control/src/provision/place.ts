/**
 * A place as the steps of provisioning see it: the location's row, its cell, and what the catalog notes of how it was made. Everything is read
 * again in each step and for its verification: the worker that runs it may not be the one that ran the step before.
 */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type Cell, cellColumns } from "../catalog/cells.ts";
import { type CatalogLocation, locationColumns } from "../catalog/placements.ts";
import { refused } from "../catalog/refused.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Operation, StepContext } from "../operations/operation.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { ProvisioningSetting } from "./schema-source.ts";

/** Everything that steps of provisioning need from outside. */
export interface ProvisioningOptions extends ProvisioningSetting {
  readonly secrets: Secrets;
}

/** A location with what provisioning notes about it. */
export interface Place extends CatalogLocation {
  readonly service: string;
  readonly schemaVersion: number;
  readonly warm: boolean;
  /** The operation whose tag its objects carry. */
  readonly madeBy: string | null;
  readonly onCell: Cell;
}

/** Id of the location that an operation makes. */
export function locationOf(operation: string): string {
  return `loc_${operation.replace(/^op_/, "")}`;
}

/** One place, or undefined. */
export async function findPlace(db: Queryable, location: string): Promise<Place | undefined> {
  const { rows } = await db.query(
    `select ${locationColumns}, l.service, l.schema_version as "schemaVersion", l.warm, l.made_by as "madeBy",
            (select pg_catalog.to_jsonb(c) from (select ${cellColumns} from watertight_catalog.cell where id = l.cell) c) as "onCell"
       from watertight_catalog.location l where l.id = $1`,
    [location],
  );
  return rows[0] as Place | undefined;
}

/** How a kind of operation finds the place that it is about. */
export type PlaceFinder<I> = (context: StepContext<I>, db: Queryable) => Promise<string | undefined>;

const known = new WeakMap<object, Place>();
// Which place an operation is about does not change while it holds its lease; what the place is, does.
const knownIds = new WeakMap<object, string>();

/** The place that a step is about. */
export async function placeOf<I>(context: StepContext<I>, finder: PlaceFinder<I>): Promise<Place> {
  // looking and acting are one step; its verification has a context of its own
  const seen = known.get(context);
  if (seen !== undefined) return seen;
  const place = await withConnection(context.catalog, async (db) => {
    const id = knownIds.get(context.run) ?? (await finder(context, db));
    return id === undefined ? undefined : findPlace(db, id);
  });
  if (place === undefined) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `place of ${context.operation.id}` });
  known.set(context, place);
  knownIds.set(context.run, place.id);
  return place;
}

/** The same, asked anew, where there may be none yet, or none any more. */
export async function findPlaceOf<I>(context: StepContext<I>, finder: PlaceFinder<I>): Promise<Place | undefined> {
  return withConnection(context.catalog, async (db) => {
    const id = await finder(context, db);
    return id === undefined ? undefined : findPlace(db, id);
  });
}

/** What a new place is. */
export type NewPlace = Omit<CatalogLocation, "state"> & {
  readonly service: string;
  readonly schemaVersion: number;
  readonly warm?: boolean;
};

/** Notes a place that an operation is about to make, or takes up again what it gave up. */
export async function preparePlace(tx: Queryable, actor: Actor, operation: Operation, place: NewPlace): Promise<void> {
  const { rows } = await tx
    .query(
      `insert into watertight_catalog.location as l (id, cell, model, database, schema, rw_role, ro_role, rw_secret, ro_secret, key_secret, service, schema_version, warm, made_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
       on conflict (id) do update set state = 'preparing', cell = excluded.cell, database = excluded.database, schema = excluded.schema, rw_role = excluded.rw_role,
         ro_role = excluded.ro_role, rw_secret = excluded.rw_secret, ro_secret = excluded.ro_secret, key_secret = excluded.key_secret,
         schema_version = excluded.schema_version, warm = excluded.warm, version = l.version + 1
       where l.state = 'retired' returning 1 as yes`,
      [
        place.id,
        place.cell,
        place.model,
        place.database,
        place.schema,
        place.rwRole,
        place.roRole,
        place.rwSecret,
        place.roSecret,
        place.keySecret,
        place.service,
        place.schemaVersion,
        place.warm ?? false,
        operation.id,
      ],
    )
    .catch((error: unknown) => {
      throw refused(error, `place ${place.database} on ${place.cell}`);
    });
  if (rows.length > 0)
    await appendAudit(tx, actor, "location.added", `location:${place.id}`, {
      cell: place.cell,
      model: place.model,
      database: place.database,
      schema: place.schema,
    });
}
