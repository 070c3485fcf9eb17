/** What the catalog keeps of a template that passed the intrusion test. Must never be written for one that has not. */
import type { Queryable } from "@watertight/schema";
import type { Fingerprint, FingerprintObjects } from "./fingerprint.ts";

/** A template as it was when it was attacked. */
export interface TemplateRecord {
  readonly fingerprint: Fingerprint;
  readonly objects: FingerprintObjects;
}

/** Keeps it, in the caller's transaction; one that was dropped and built again is another one. */
export async function keepTemplate(
  tx: Queryable,
  { cell, name, operation }: { readonly cell: string; readonly name: string; readonly operation: string },
  { fingerprint, objects }: TemplateRecord,
): Promise<void> {
  await tx.query(
    `insert into watertight_catalog.template (cell, name, made_by, fingerprint, objects) values ($1, $2, $3, $4, $5)
     on conflict (cell, name) do update set made_by = excluded.made_by, fingerprint = excluded.fingerprint, objects = excluded.objects, tried_at = clock_timestamp()`,
    [cell, name, operation, JSON.stringify(fingerprint), JSON.stringify(objects)],
  );
}

/** The fingerprint of a template, or undefined where nothing was kept. */
export async function templateFingerprint(db: Queryable, cell: string, name: string): Promise<Fingerprint | undefined> {
  const { rows } = await db.query("select fingerprint from watertight_catalog.template where cell = $1 and name = $2", [
    cell,
    name,
  ]);
  return rows[0]?.["fingerprint"] as Fingerprint | undefined;
}

/** Its objects. */
export async function templateObjects(db: Queryable, cell: string, name: string): Promise<FingerprintObjects> {
  const { rows } = await db.query("select objects from watertight_catalog.template where cell = $1 and name = $2", [
    cell,
    name,
  ]);
  return (rows[0]?.["objects"] ?? {}) as FingerprintObjects;
}
