/** A new company without any rows, made by the control plane in a model, and a token of a user of it. */
import { randomUUID } from "node:crypto";
import type { Dataset } from "../../src/data/generate.ts";
import { directoryOf } from "../../src/data/rows-by-tenant.ts";
import type { Row } from "../../src/data/tables.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import type { FleetHarbour } from "../../src/fleet/fleet-harbour.ts";
import type { Model } from "../../src/fleet/models.ts";
import { fillDirectory } from "../../src/fleet/move-in.ts";
import { residenceOf } from "../../src/fleet/residence.ts";

export async function newcomer(
  { cluster, plane, routes, companies, residences }: Fleet,
  harbour: FleetHarbour,
  dataset: Dataset,
  model: Model,
): Promise<{ model: Model; token: string }> {
  const id = randomUUID();
  // where the others of that model are; a schema lies in the pool's database
  const host = residences.get(companies[model === "silo" ? "silo" : "pool"][0]!.id)!.location;
  await plane.run("tenant.create", {
    service: plane.service,
    model,
    tenant: { id, slug: `newcomer-${model}` },
    ...(model === "database" ? { cell: plane.cell } : { location: host }),
  });
  // what all tenants share: a database of its own has nothing of it yet
  const { database } = await residenceOf(routes, cluster, id);
  const tenants = [{ id, name: "Newcomer", plan_id: 1, created_at: "2026-01-01" } as unknown as Row];
  await fillDirectory(cluster, database, {
    ...(model === "database" ? directoryOf(dataset, []) : {}),
    // slugs are unique in a directory, and pool and schema share one
    tenants: tenants.map((row) => ({ ...row, slug: `newcomer-${model}` })),
  });
  return { model, token: await harbour.authority.issue({ userId: randomUUID(), tenant: id }) };
}
