/**
 * The intrusion test of a copy whose template has passed the whole of it: is it that template, are its own rights what they must be, and do the
 * attacks on a few tables end as they did there. Must never be used where there is nothing to compare with.
 */
import { createHash } from "node:crypto";
import type { Queryable } from "@watertight/schema";
import { classRoles } from "../../cells/class-roles.ts";
import { withConnection } from "../../db/transaction.ts";
import type { StepContext } from "../../operations/operation.ts";
import { locationOf } from "../place.ts";
import { templateName } from "../names.ts";
import type { Place, ProvisioningOptions } from "../place.ts";
import { differingAspects, type Fingerprint, question, readFingerprint, tellDifferences } from "./fingerprint.ts";
import { wrongRights } from "./place-rights.ts";
import type { AttackedGroup } from "./protected-tables.ts";
import { templateFingerprint, templateObjects } from "./template-records.ts";

/** Tables of a copy that are attacked all the same. */
const sampled = 3;

/**
 * What the place is to be compared with, if it is a tenant's copy that this operation has made of a template that passed.
 * @returns undefined where the whole test is due: no template of ours, a warm database, a place of several tenants
 */
export async function templateOfCopy<I>(
  context: StepContext<I>,
  session: Queryable,
  place: Place,
): Promise<Fingerprint | undefined> {
  if (place.model !== "database" || place.id !== locationOf(context.operation.id)) return undefined;
  const kept = await withConnection(context.catalog, (db) =>
    templateFingerprint(db, place.cell, templateName(place.service, place.schemaVersion)),
  );
  if (kept === undefined) return undefined;
  const { rows } = await session.query(
    "select pg_catalog.current_setting('server_version_num')::int / 10000 as server",
  );
  // after an upgrade of the server the same catalog reads otherwise; after one of this program something else is asked
  return kept.server === rows[0]!["server"] && kept.question === question ? kept : undefined;
}

/** What is wrong with the copy. */
export async function wrongInCopy<I>(
  context: StepContext<I>,
  options: ProvisioningOptions,
  session: Queryable,
  place: Place,
  kept: Fingerprint,
): Promise<string[]> {
  const template = templateName(place.service, place.schemaVersion);
  const aspects = differingAspects(kept, await readFingerprint(session));
  const rights = await wrongRights(session, place.database, classRoles(options.classPrefix), template);
  if (aspects.length === 0) return rights;
  const objects = await withConnection(context.catalog, (db) => templateObjects(db, place.cell, template));
  return [...rights, ...(await tellDifferences(session, aspects, objects))];
}

/** A few of the tables, others for each operation, the same when it is done again. */
export function sampleOf(groups: readonly AttackedGroup[], seed: string): AttackedGroup[] {
  const order = (name: string): string => createHash("sha256").update(`${seed}\0${name}`).digest("hex");
  const chosen = new Set(
    groups
      .flatMap(({ tables }) => tables.map(({ name }) => name))
      .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
      .slice(0, sampled),
  );
  return groups
    .map((group) => ({ ...group, tables: group.tables.filter(({ name }) => chosen.has(name)) }))
    .filter(({ tables }) => tables.length > 0);
}
