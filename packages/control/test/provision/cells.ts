/** Servers of our own as cells, with a provisioner that is no superuser; the catalog on the run's server; workers in this process. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OwnServer, startServer, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { addCell, type NewCell } from "../../src/catalog/cells.ts";
import { failpointFrom } from "../../src/operations/failpoints.ts";
import type { Operation, OperationKind } from "../../src/operations/operation.ts";
import { getOperation, requestOperation } from "../../src/operations/operation-rows.ts";
import { runOperation } from "../../src/operations/run-operation.ts";
import type { ProvisioningOptions } from "../../src/provision/place.ts";
import { provisioningKinds } from "../../src/provision/provisioning-kinds.ts";
import { fileStore } from "../../src/secrets/file-store.ts";
import { openSecrets } from "../../src/secrets/secrets.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";
import { sampleSource } from "./sample-source.ts";

export const provisioner = "wt_provisioner";
export const actor = { name: "test" };

/** A server with the provisioner's role. */
export async function cellServer(version: number, settings: Record<string, string> = {}): Promise<OwnServer> {
  const server = await startServer({ version: version === 15 ? 15 : 18, settings });
  await asSuperuser(server, async (admin) => {
    await admin.query(`create role ${provisioner} login createdb createrole in role pg_monitor, pg_signal_backend`);
    // as on a server whose operator did the same for `postgres`: the provisioner's own database is not the tenants'
    await admin.query(
      `revoke connect on database postgres, template1 from public; grant connect on database postgres to ${provisioner}`,
    );
  });
  return server;
}

/** Runs `fn` as a server's superuser. */
export async function asSuperuser<T>(
  server: TestServer,
  fn: (admin: pg.Client) => Promise<T>,
  database = "postgres",
): Promise<T> {
  const admin = new pg.Client({ connectionString: server.url(database) });
  admin.on("error", () => {});
  await admin.connect();
  try {
    return await fn(admin);
  } finally {
    await admin.end();
  }
}

/** A control plane for tests. */
export interface ControlPlane {
  readonly catalog: CatalogDatabase;
  readonly options: ProvisioningOptions;
  readonly kinds: ReadonlyMap<string, OperationKind<never>>;
  readonly folder: string;
  /** Adds a server as a cell. */
  addCell(server: TestServer, cell: Partial<NewCell> & { id: string }): Promise<void>;
  /** Runs an operation in this process, as far as it goes; `waiting` ones are called again at once. */
  run(kind: string, input: Record<string, unknown>): Promise<Operation>;
  resume(id: string): Promise<Operation>;
  close(): Promise<void>;
}

export async function controlPlane(server: TestServer, more: Partial<ProvisioningOptions> = {}): Promise<ControlPlane> {
  const catalog = await catalogDatabase(server);
  const folder = await mkdtemp(join(tmpdir(), "watertight-provision-"));
  const options: ProvisioningOptions = {
    secrets: openSecrets({ stores: { local: fileStore(folder) }, keepIn: "local" }),
    schemaOf: async () => sampleSource(),
    ...more,
  };
  const kinds = provisioningKinds(options);
  const resume = async (id: string): Promise<Operation> => {
    for (let tries = 0; tries < 12; tries++) {
      await runOperation(
        {
          catalog: catalog.pool,
          kinds,
          worker: "here",
          signal: new AbortController().signal,
          failpoint: failpointFrom({}),
          mostAttempts: 3,
        },
        id,
      );
      const operation = await getOperation(catalog.db.admin, id);
      if (operation.state !== "waiting") return operation;
      await catalog.db.admin.query("update watertight_catalog.operation set run_after = now() where id = $1", [id]);
    }
    return getOperation(catalog.db.admin, id);
  };
  return {
    catalog,
    options,
    kinds,
    folder,
    resume,
    async addCell(cellOf, cell) {
      const name = `cell-${cell.id}`;
      const reference = await options.secrets.keep(name, cellOf.url("postgres", provisioner));
      await addCell(catalog.pool, actor, { host: "127.0.0.1", port: cellOf.port, adminSecret: reference, ...cell });
    },
    async run(kind, input) {
      const { id } = await requestOperation(catalog.pool, actor, kinds.get(kind)! as unknown as OperationKind, input);
      return resume(id);
    },
    async close() {
      await catalog.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
