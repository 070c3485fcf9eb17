/**
 * One tenant, one protected table, writers as the app role and a mover as the control role, with waits that look at the server instead of
 * the clock. A row is late when it was committed after the fence had flipped.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { mintToken, parseKeys } from "@watertight/runtime";
import { createDatabase, type TestDatabase, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { protectTable } from "../../src/protect/protect-table.ts";

export const tenant = "aaaaaaaa-0000-4000-8000-00000000000a";
export const other = "bbbbbbbb-0000-4000-8000-00000000000b";
export const insert = `insert into app.ledger (tenant_id, what) values ('${tenant}', 'row')`;

export interface FenceGround {
  readonly db: TestDatabase;
  /** A connected client of a role; closed by `close`. */
  connect(role: "app" | "control"): Promise<pg.Client>;
  token(of?: string, pid?: number, seconds?: number): string;
  /** Waits until this backend waits for a lock. */
  untilWaiting(client: pg.Client): Promise<void>;
  rows(): Promise<number>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function fenceGround(server: TestServer): Promise<FenceGround> {
  const db = await createDatabase(server, { kit: true });
  const [key] = parseKeys(db.key);
  const clients: pg.Client[] = [];
  await db.admin
    .query(`create schema app; create table app.ledger (tenant_id uuid not null, id bigint generated always as identity, what text, primary key (tenant_id, id));
    alter table app.ledger owner to "${db.roles.owner}"`);
  await protectTable(db.admin, { table: "app.ledger", tenantColumn: "tenant_id" });
  await db.admin.query(
    `grant select, insert, update, delete on app.ledger to "${db.roles.app}"; select watertight.register_tenant('${tenant}'), watertight.register_tenant('${other}')`,
  );
  return {
    db,
    async connect(role) {
      const client = new pg.Client({ connectionString: db.url(db.roles[role]) });
      client.on("error", () => {});
      await client.connect();
      clients.push(client);
      return client;
    },
    token: (of = tenant, pid = 0, seconds = 30) =>
      mintToken({ key, tenant: of, pid, expiresAt: Math.floor(Date.now() / 1000) + seconds }),
    async untilWaiting(client) {
      for (let round = 0; round < 500; round++) {
        const { rows } = await db.admin.query("select from pg_catalog.pg_locks where pid = $1 and not granted", [
          pidOf(client),
        ]);
        if (rows.length > 0) return;
        await sleep(5);
      }
      throw new Error("nobody waits");
    },
    async rows() {
      const { rows } = await db.admin.query<{ n: number }>("select count(*)::int as n from app.ledger");
      return rows[0]?.n ?? -1;
    },
    async reset() {
      await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
      await db.admin.query("truncate app.ledger");
      for (const one of [tenant, other])
        await db.admin.query("select watertight.set_tenant_state($1, 'active')", [one]);
      await db.admin.query("update watertight.fence set statement_timeout_ms = null");
    },
    async close() {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      await db.drop();
    },
  };
}

export const pidOf = (client: pg.Client): number => (client as unknown as { processID: number }).processID;

/** The SQLSTATE that a query ends with, or undefined. */
export const codeOf = (query: Promise<unknown>): Promise<string | undefined> =>
  query.then(
    () => undefined,
    (error: { code?: string; constraint?: string }) => error.code,
  );
