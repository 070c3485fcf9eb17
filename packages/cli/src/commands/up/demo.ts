/** The demonstration's fleet: three cells, tenants in all four models, made by the same operations as everybody's. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type * as Control from "@watertight/control";
import type { DemoProject } from "./demo-project.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";

/** How many tenants of each model. */
export interface DemoSize {
  readonly pool: number;
  readonly schema: number;
  readonly database: number;
  readonly silo: number;
}

/** What the fleet is made with. */
export interface DemoSetting {
  readonly control: typeof Control;
  readonly pool: Control.CatalogPool;
  readonly kinds: ReadonlyMap<string, Control.OperationKind<never>>;
  readonly secrets: Control.Secrets;
  readonly project: DemoProject;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

const actor = { name: "up --demo" };
const cells = ["eu-1", "eu-2", "us-1"] as const;
const names = ["Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Wonka", "Tyrell", "Cyberdyne"];

/** Starts the cells. They are stopped by the caller, also when this throws: each is handed over as soon as it runs. */
export async function startCells(setting: DemoSetting, started: (server: LocalServer) => void): Promise<void> {
  const { control, pool, secrets, signal } = setting;
  await Promise.all(
    cells.map(async (id) => {
      const server = await startLocalServer(signal);
      started(server);
      await server.asAdmin((client) =>
        client.query(`create role watertight_provisioner login createdb createrole in role pg_monitor, pg_signal_backend;
          revoke connect on database postgres, template1 from public; grant connect on database postgres to watertight_provisioner`),
      );
      const adminSecret = await secrets.keep(`cells/${id}`, await server.login("watertight_provisioner", "postgres"));
      await control.addCell(pool, actor, {
        id,
        host: "127.0.0.1",
        port: server.port,
        adminSecret,
        region: id.slice(0, 2),
      });
    }),
  );
}

/** Makes the tenants. */
export async function makeFleet(setting: DemoSetting, size: DemoSize): Promise<void> {
  const { control, pool, kinds, say } = setting;
  const request = (kind: string, input: Record<string, unknown>): Promise<Control.Operation> =>
    control.requestOperation(pool, actor, kinds.get(kind) as Control.OperationKind<never>, input);
  const finish = async (asked: readonly Promise<Control.Operation>[]): Promise<Control.Operation[]> =>
    Promise.all(asked.map(async (each) => ended(setting, (await each).id)));

  await setting.project.release(1);
  await finish(cells.map((cell) => request("template.build", { cell })));
  say(`templates in ${cells.length} cells`);
  const pools = await finish(cells.map((cell) => request("pool.create", { name: `shared-${cell}`, cell })));
  const silos = size.silo > 0 ? await finish([request("silo.create", { name: "regulated", cell: "eu-2" })]) : [];
  const poolsOf = pools.map(({ output }) => output["location"] as string);
  let made = 0;
  const tenant = (): Record<string, unknown> => {
    const number = made++;
    const name = `${names[number % names.length]} ${Math.floor(number / names.length) + 1}`;
    const hex = createHash("sha256").update(`demo ${number}`).digest("hex");
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    return { id, slug: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"), name };
  };
  const create = (model: string, more: Record<string, unknown>): Promise<Control.Operation> =>
    request("tenant.create", { model, tenant: tenant(), ...more });
  const asked = [
    ...Array.from({ length: size.database }, (_, n) => create("database", { cell: cells[n % cells.length] })),
    ...Array.from({ length: size.silo }, () => create("silo", { location: silos[0]?.output["location"] })),
    ...Array.from({ length: size.schema }, (_, n) => create("schema", { location: poolsOf[n % poolsOf.length] })),
    ...Array.from({ length: size.pool }, (_, n) => create("pool", { location: poolsOf[n % poolsOf.length] })),
  ];
  let done = 0;
  await Promise.all(
    asked.map(async (each) => {
      await ended(setting, (await each).id);
      if (++done % 50 === 0 || done === asked.length) say(`${done} of ${asked.length} tenants`);
    }),
  );
  // from here on they are all behind: something to plan
  await setting.project.release(2);
  await finish(cells.map((cell) => request("template.build", { cell })));
}

async function ended({ control, pool, signal }: DemoSetting, id: string): Promise<Control.Operation> {
  for (;;) {
    const client = await pool.connect();
    const operation = await control.getOperation(client, id).finally(() => client.release());
    if (operation.state === "succeeded") return operation;
    if (operation.state === "failed" || operation.state === "cancelled")
      throw new Error(`${operation.kind} ${operation.state}: ${operation.error?.message ?? ""}`);
    await sleep(200, undefined, { signal });
  }
}
