/**
 * Where a new tenant goes: pure. Never above 80 % of a published cap, never to a cell that is drained, never out of the asked region.
 */
import type { Cell } from "../catalog/cells.ts";
import type { Model } from "../catalog/tenants.ts";
import { controlError } from "../errors/control-error.ts";

/** The share of a cap at which provisioning goes elsewhere, or stops. */
export const capShare = 0.8;

/** A cell and what is on it. */
export interface CellLoad {
  readonly cell: Pick<Cell, "id" | "region" | "state" | "maxDatabases" | "maxSchemas" | "maxPoolTenants">;
  /** Databases of tenants, warm ones too. */
  readonly databases: number;
  /** Tenants in shared tables. */
  readonly poolTenants: number;
  /** Places that take several tenants: pools and silos. */
  readonly shared: readonly SharedPlace[];
}

/** A place that takes several tenants. */
export interface SharedPlace {
  readonly location: string;
  readonly model: "pool" | "silo";
  readonly service: string;
  readonly tenants: number;
  /** Schemas of tenants in its database. */
  readonly schemas: number;
}

/** What is looked for. */
export interface Wanted {
  readonly model: Model;
  readonly service: string;
  readonly region?: string;
  /** Only this cell. */
  readonly cell?: string;
  /** Only this place: a silo of a group, a certain pool. */
  readonly location?: string;
}

/** Where it goes. `location`: the shared place; absent for a database of its own. */
export interface Choice {
  readonly cell: string;
  readonly location?: string;
}

/**
 * The least loaded cell, or shared place, that may take one more; equals by id, so that the same load gives the same answer.
 * @throws ControlError WT_CELL_FULL, WT_CATALOG_NOT_FOUND
 */
export function chooseCell(loads: readonly CellLoad[], wanted: Wanted): Choice {
  const asked = loads.filter(
    ({ cell, shared }) =>
      (wanted.cell === undefined || cell.id === wanted.cell) &&
      (wanted.region === undefined || cell.region === wanted.region) &&
      (wanted.location === undefined || shared.some(({ location }) => location === wanted.location)),
  );
  if (asked.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `a cell for ${told(wanted)}` });
  const open = asked.filter(({ cell }) => cell.state === "active");
  const [first] = open
    .flatMap((load) => candidates(load, wanted))
    .toSorted((a, b) => a.load - b.load || (a.id < b.id ? -1 : 1));
  if (first === undefined)
    throw controlError("WT_CELL_FULL", {
      detail: `${told(wanted)}: ${asked.map((load) => `${load.cell.id} ${why(load, wanted)}`).join(", ")}`,
    });
  return { cell: first.cell, ...(first.location === undefined ? {} : { location: first.location }) };
}

interface Candidate extends Choice {
  readonly id: string;
  /** Share of the cap that is taken. */
  readonly load: number;
}

function candidates(load: CellLoad, wanted: Wanted): Candidate[] {
  const { cell } = load;
  if (wanted.model === "database") {
    const share = load.databases / cell.maxDatabases;
    return share < capShare ? [{ cell: cell.id, id: cell.id, load: share }] : [];
  }
  // a silo takes whom it was made for: nobody is put there by chance
  if (wanted.model === "silo" && wanted.location === undefined) return [];
  return load.shared
    .filter(
      (place) =>
        place.model === (wanted.model === "silo" ? "silo" : "pool") &&
        place.service === wanted.service &&
        (wanted.location === undefined || place.location === wanted.location),
    )
    .map((place) => ({
      cell: cell.id,
      location: place.location,
      id: place.location,
      load: shareOf(load, place, wanted.model),
    }))
    .filter((candidate) => candidate.load < capShare);
}

function shareOf(load: CellLoad, place: SharedPlace, model: Model): number {
  if (model === "schema") return place.schemas / load.cell.maxSchemas;
  if (model === "pool") return load.poolTenants / load.cell.maxPoolTenants;
  return place.tenants / load.cell.maxPoolTenants;
}

function told({ model, service, region, cell, location }: Wanted): string {
  const where = location ?? cell ?? (region === undefined ? "any region" : `region ${region}`);
  return `model ${model} of ${service} at ${where}`;
}

function why(load: CellLoad, { model, service }: Wanted): string {
  if (load.cell.state !== "active") return `is ${load.cell.state}`;
  if (model === "database") return `has ${load.databases} of ${load.cell.maxDatabases} databases`;
  if (!load.shared.some((place) => place.service === service)) return `has no shared place for ${service}`;
  if (model === "schema")
    return `has ${Math.max(...load.shared.map(({ schemas }) => schemas))} of ${load.cell.maxSchemas} schemas in a database`;
  return `has ${load.poolTenants} of ${load.cell.maxPoolTenants} pool tenants`;
}
