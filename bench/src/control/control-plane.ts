/**
 * A control plane for measuring: catalog and cell on one server that writes to its disk as in production, a worker, a schema of 50 tables. Gone when
 * the measurement ends.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  addCell,
  fileStore,
  getOperation,
  installCatalog,
  installQueue,
  type OperationKind,
  openSecrets,
  provisioningKinds,
  type ProvisioningOptions,
  requestOperation,
  type SchemaSource,
  startWorker,
} from "@watertight/control";
import { startServer, type TestServer } from "@watertight/testkit";
import pg from "pg";
import type { FigureContext } from "./figure.ts";

/** Tables of the schema, each with a key, an index, a foreign key and the kit's policies. */
export const tableNames: readonly string[] = Array.from({ length: 50 }, (_, n) => `public.t${n}`);

const source: SchemaSource = {
  version: 1,
  database: tableNames.map(
    (name, n) =>
      `create table ${name} (tenant_id uuid not null, id int not null, name text, parent int, primary key (tenant_id, id)
         ${n === 0 ? "" : `, foreign key (tenant_id, parent) references ${tableNames[n - 1]} (tenant_id, id)`})`,
  ),
  tables: tableNames.map((table) => ({ table })),
};

/** What a measurement works with. */
export interface BenchPlane {
  readonly server: TestServer;
  readonly admin: pg.Client;
  readonly pool: pg.Pool;
  /** Runs operations of a kind to their ends; answers when all have ended well. */
  run(kind: string, inputs: readonly Record<string, unknown>[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

const actor = { name: "bench" };

/** Runs `fn` with a control plane whose worker does so many operations at a time. */
export async function withControlPlane<T>(
  { postgres }: FigureContext,
  concurrency: number,
  fn: (plane: BenchPlane) => Promise<T>,
): Promise<T> {
  const server = await startServer({
    version: postgres,
    storage: "disk",
    settings: {
      fsync: "on",
      synchronous_commit: "on",
      max_wal_size: "8GB",
      checkpoint_timeout: "1h",
      autovacuum: "off",
    },
  });
  const folder = await mkdtemp(join(tmpdir(), "watertight-bench-"));
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  const { roles } = await installCatalog(admin);
  await installQueue(admin, roles);
  const catalogUrl = server.url("postgres", roles.control);
  const pool = new pg.Pool({ connectionString: catalogUrl, max: 4 });
  const options: ProvisioningOptions = {
    secrets: openSecrets({ stores: { local: fileStore(folder) }, keepIn: "local" }),
    schemaOf: async () => source,
  };
  const kinds = provisioningKinds(options);
  await addCell(pool, actor, {
    id: "eu-1",
    host: server.host,
    port: server.port,
    adminSecret: await options.secrets.keep("cell", server.url()),
  });
  // told by the worker: asking the catalog for every operation again and again was half of all its queries
  const ends = new Map<string, (() => void) | "ended">();
  const worker = await startWorker({
    catalogUrl,
    kinds,
    concurrency,
    ended(id, { end }) {
      if (end !== "succeeded" && end !== "failed" && end !== "cancelled") return;
      const waiting = ends.get(id);
      if (typeof waiting === "function") waiting();
      else ends.set(id, "ended");
    },
  });
  const one = async (kind: string, input: Record<string, unknown>) => {
    const { id } = await requestOperation(pool, actor, kinds.get(kind) as unknown as OperationKind, input);
    if (ends.get(id) !== "ended")
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${kind} takes too long`)), 600_000);
        ends.set(id, () => {
          clearTimeout(timer);
          resolve();
        });
      });
    const { state, error, output } = await getOperation(pool, id);
    if (state !== "succeeded") throw new Error(`${kind}: ${JSON.stringify(error)}`);
    return output;
  };
  try {
    await one("template.build", { cell: "eu-1" });
    return await fn({
      server,
      admin,
      pool,
      run: (kind, inputs) => Promise.all(inputs.map((input) => one(kind, input))),
    });
  } finally {
    await worker.stop();
    await pool.end();
    await admin.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
