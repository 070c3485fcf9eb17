// Harbour's tenants in all four models, side by side on one server: made by the control plane's operations, found through its catalog.
import { catalogRoutes } from "@watertight/control";
import type { CatalogRoutes } from "@watertight/control";
import type { Company, Dataset } from "../data/generate.ts";
import { directoryOf, rowsByTenant } from "../data/rows-by-tenant.ts";
import type { Cluster } from "../database/cluster.ts";
import { startControlPlane } from "./control-plane.ts";
import type { ControlPlane } from "./control-plane.ts";
import { models, modelsOf } from "./models.ts";
import type { Model } from "./models.ts";
import { fillDirectory, moveIn } from "./move-in.ts";
import { residenceOf } from "./residence.ts";
import type { Residence } from "./residence.ts";

export interface Fleet {
  readonly cluster: Cluster;
  readonly plane: ControlPlane;
  readonly routes: CatalogRoutes;
  /** Companies by model. */
  readonly companies: Readonly<Record<Model, readonly Company[]>>;
  /** By tenant. */
  readonly residences: ReadonlyMap<string, Residence>;
  close(): Promise<void>;
}

export async function openFleet(cluster: Cluster, dataset: Dataset, signal?: AbortSignal): Promise<Fleet> {
  const plane = await startControlPlane(cluster, signal);
  const routes = catalogRoutes({ url: plane.routerUrl, secrets: plane.secrets, service: plane.service });
  const close = async (): Promise<void> => {
    await routes.close();
    await plane.close();
  };
  try {
    const modelOf = modelsOf(dataset.companies);
    const companies = Object.fromEntries(
      models.map((model) => [model, dataset.companies.filter(({ id }) => modelOf.get(id) === model)]),
    ) as unknown as Record<Model, Company[]>;
    await makePlaces(cluster, plane, dataset, companies);
    const residences = new Map<string, Residence>();
    for (const { id } of dataset.companies) residences.set(id, await residenceOf(routes, cluster, id));
    await moveAllIn(cluster, dataset, residences);
    return { cluster, plane, routes, companies, residences, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function makePlaces(
  cluster: Cluster,
  { run, service, cell }: ControlPlane,
  dataset: Dataset,
  companies: Readonly<Record<Model, readonly Company[]>>,
): Promise<void> {
  const here = { service, cell };
  await run("template.build", here);
  const name = cluster.prefix.replaceAll("_", "-");
  const [{ location: pool }, { location: silo }] = await Promise.all([
    run("pool.create", { ...here, name: `${name}pool` }),
    run("silo.create", { ...here, name: `${name}silo` }),
  ]);
  const tenant = ({ id, slug, name: full }: Company) => ({ id, slug, name: full });
  const create = (model: Model, more: Record<string, unknown>): Promise<unknown>[] =>
    companies[model].map((company) => run("tenant.create", { service, model, tenant: tenant(company), ...more }));
  await Promise.all([
    run("tenants.register", { location: pool, tenants: companies.pool.map(tenant) }),
    ...create("schema", { location: pool }),
    ...create("silo", { location: silo }),
    ...create("database", { cell }),
  ]);
}

async function moveAllIn(
  cluster: Cluster,
  dataset: Dataset,
  residences: ReadonlyMap<string, Residence>,
): Promise<void> {
  const rows = rowsByTenant(dataset);
  for (const database of new Set([...residences.values()].map((each) => each.database))) {
    const residents = [...residences.values()].filter((each) => each.database === database);
    // logins are looked up where most tenants are: that place has the whole directory
    const shared = residents.some(({ model }) => model === "pool");
    const ids = (shared ? dataset.companies : residents.map(({ tenant }) => ({ id: tenant }))).map(({ id }) => id);
    await fillDirectory(cluster, database, directoryOf(dataset, ids));
    await moveIn(residents.map((residence) => ({ residence, rows: rows.get(residence.tenant)! })));
    await cluster.asAdmin(database, (client) => client.query("analyze"));
  }
}
