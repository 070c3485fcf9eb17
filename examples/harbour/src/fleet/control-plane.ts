// The control plane of a run: a catalog in a database of its own, a worker, and the HTTP API on loopback. The token goes into a file that only
// this user may read. Must never print a secret, nor leave anything on a server that is not the run's own.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  addCell,
  addService,
  createApi,
  createToken,
  fileStore,
  getOperation,
  installCatalog,
  installQueue,
  openSecrets,
  provisioningKinds,
  requestOperation,
  serveApi,
  startWorker,
} from "@watertight/control";
import type { CatalogRoles, OperationKind, Secrets } from "@watertight/control";
import pg from "pg";
import type { Cluster } from "../database/cluster.ts";
import { closingStore } from "./closing-store.ts";
import { models } from "./models.ts";
import type { Model } from "./models.ts";
import { makeProvisioner } from "./provisioner.ts";
import { harbourRelease } from "./release.ts";

export interface ControlPlane {
  readonly service: string;
  readonly cell: string;
  /** Address of the HTTP API. */
  readonly api: string;
  readonly tokenFile: string;
  readonly secrets: Secrets;
  /** Connection string of the catalog for applications: they read routes and nothing else. */
  readonly routerUrl: string;
  /** Runs an operation to its end. @returns its output */
  run(kind: string, input: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  /** How many tenants are served in each model, as the HTTP API tells it. */
  tenants(): Promise<Record<Model, number>>;
  close(): Promise<void>;
}

const actor = { name: "harbour" };

export async function startControlPlane(cluster: Cluster, signal?: AbortSignal): Promise<ControlPlane> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), "harbour-control-"));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const store = closingStore(fileStore(join(folder, "secrets")));
    closing.push(() => store.close());
    const secrets = openSecrets({ env: {}, stores: { local: store }, keepIn: "local" });
    const { url, roles } = await makeCatalog(cluster);
    const catalog = new pg.Pool({ connectionString: url(roles.control), max: 6, application_name: "harbour control" });
    closing.push(() => catalog.end());
    catalog.on("error", () => {});
    catalog.on("connect", (client) => client.on("error", () => {}));
    closing.push(() => rememberPlaces(cluster, catalog));

    // names of its own: on somebody's server there may be another control plane
    const service = cluster.prefix.slice(0, -1).replaceAll("_", "-");
    const cell = `${service}-cell`;
    const classPrefix = `${cluster.prefix}silo`;
    const release = await harbourRelease(classPrefix);
    const kinds = provisioningKinds({ secrets, classPrefix, schemaOf: async () => release });
    await addService(catalog, actor, service);
    const { host, port, url: adminUrl } = await makeProvisioner(cluster);
    await addCell(catalog, actor, { id: cell, host, port, adminSecret: await secrets.keep("provisioner", adminUrl) });
    const failures: Error[] = [];
    const worker = await startWorker({
      catalogUrl: url(roles.control),
      kinds,
      failed: (error) => failures.push(error),
    });
    closing.push(() => worker.stop());
    const served = await serveApi(createApi({ pool: catalog, kinds }), { port: 0 });
    closing.push(() => served.close());
    const { token } = await createToken(catalog, actor, "harbour", ["admin"], 1);
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, `${token}\n`, { mode: 0o600, flag: "wx" });
    return {
      service,
      cell,
      api: served.url,
      tokenFile,
      secrets,
      routerUrl: url(roles.router),
      async run(kind, input) {
        const { id } = await requestOperation(catalog, actor, kinds.get(kind) as OperationKind<never>, input);
        for (;;) {
          const client = await catalog.connect();
          const operation = await getOperation(client, id).finally(() => client.release());
          if (operation.state === "succeeded") return operation.output;
          if (operation.state === "failed" || operation.state === "cancelled")
            throw new Error(`${kind} ${operation.state}: ${operation.error?.message ?? ""}`, {
              cause: failures.at(-1),
            });
          await sleep(50, undefined, signal && { signal });
        }
      },
      tenants: async () => {
        const counts = models.map(
          async (model) => [model, await countTenants(served.url, token, service, model)] as const,
        );
        return Object.fromEntries(await Promise.all(counts)) as Record<Model, number>;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function countTenants(api: string, token: string, service: string, model: Model): Promise<number> {
  const reply = await fetch(`${api}/v1/tenants?state=active&service=${service}&model=${model}&limit=100`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(20_000),
  });
  if (!reply.ok) throw new Error(`the control plane's API answered ${reply.status}`);
  return ((await reply.json()) as unknown[]).length;
}

async function makeCatalog(cluster: Cluster): Promise<{ url: (role: string) => string; roles: CatalogRoles }> {
  const database = await cluster.create("catalog");
  const named = Object.fromEntries(
    ["owner", "control", "router", "auditor"].map((kind) => [kind, `${cluster.prefix}catalog_${kind}`]),
  ) as unknown as CatalogRoles;
  cluster.dropsRoles(Object.values(named));
  const roles = await cluster.asAdmin(database, async (client) => {
    const report = await installCatalog(client, { roles: named });
    await installQueue(client, report.roles);
    return report.roles;
  });
  // a login of the run each, with a password where the server asks for one
  const passwords = new Map<string, string>();
  for (const role of [roles.control, roles.router]) {
    passwords.set(role, randomBytes(24).toString("hex"));
    await cluster.asAdmin("postgres", (client) =>
      client.query(`alter role ${pg.escapeIdentifier(role)} password ${pg.escapeLiteral(passwords.get(role)!)}`),
    );
  }
  const url = (role: string): string => {
    const plain = new URL(cluster.url(database, role));
    plain.password = passwords.get(role)!;
    return plain.href;
  };
  return { url, roles };
}

/** Hands what operations made over to the cluster, which drops it at its end: they wrote down each object before they made it. */
async function rememberPlaces(cluster: Cluster, catalog: pg.Pool): Promise<void> {
  const { rows } = await catalog.query<{ kind: string; name: string }>(
    "select distinct kind, name from watertight_catalog.cleanup where kind in ('database', 'role')",
  );
  cluster.dropsDatabases(rows.filter(({ kind }) => kind === "database").map(({ name }) => name));
  const classes = ["owner", "migrator", "app", "readonly", "control"].map((kind) => `${cluster.prefix}silo_${kind}`);
  cluster.dropsRoles([...rows.filter(({ kind }) => kind === "role").map(({ name }) => name), ...classes]);
}
