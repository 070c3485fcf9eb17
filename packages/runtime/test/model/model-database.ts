/** The real side of the model: a protected table on a real server, a small pool, and an eye that sees all tenants. */
import { createHash } from "node:crypto";
import { createDatabase, type TestDatabase, type TestServer } from "@watertight/testkit";
import { protectTable, registerTenants, retireKey, rotateKey, setTenantState } from "@watertight/schema";
import pg from "pg";
import { tenantPool, type TenantPool } from "../../src/drivers/pg/index.ts";
import { type Oracle, rowsOf, tenantIds, type TenantModel } from "./oracle.ts";

export type Level = "plain" | "sealed" | "hostile";

export class ModelDatabase {
  readonly db: TestDatabase;
  readonly level: Level;
  pool: pg.Pool & TenantPool;
  #key: string;

  constructor(db: TestDatabase, level: Level) {
    this.db = db;
    this.level = level;
    this.#key = db.key;
    this.pool = this.#open();
  }

  #open(): pg.Pool & TenantPool {
    const pool = tenantPool(pg, {
      connectionString: this.db.appUrl,
      key: this.#key,
      level: this.level,
      tenantIdType: "text",
      prepare: "all",
      max: 3,
      connectionTimeoutMillis: 20_000,
    });
    pool.on("error", () => {});
    return pool;
  }

  /** Empties the table and serves everybody again. */
  async reset(): Promise<void> {
    await this.db.admin.query("truncate entry; update watertight.fence set state = 'active' where state <> 'active'");
  }

  suspend(tenant: TenantModel, suspended: boolean): Promise<void> {
    return setTenantState(this.db.admin, tenant.id, suspended ? "suspended" : "active");
  }

  /** A new key, a pool that signs with it beside the old pool, then the end of the old key. Hands out the old pool for a last try. */
  async rotate(): Promise<pg.Pool & TenantPool> {
    const { key, retiring } = await rotateKey(this.db.admin);
    const old = this.pool;
    this.#key = key;
    this.pool = this.#open();
    for (const kid of retiring) await retireKey(this.db.admin, kid);
    return old;
  }

  /** Waits until no statement of the app role runs: the outcome of a cancelled one is settled then. */
  async settled(): Promise<void> {
    for (let i = 0; i < 400; i++) {
      const { rows } = await this.db.admin.query<{ busy: boolean }>(
        "select exists (select from pg_stat_activity where usename = $1 and datname = $2 and state <> 'idle') as busy",
        [this.db.roles.app, this.db.name],
      );
      if (rows[0]?.busy === false) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("a cancelled statement did not end within 2 s");
  }

  /** A row as it is, past row security. */
  async entry(tenant: TenantModel, id: number): Promise<{ body: string; n: number } | undefined> {
    const { rows } = await this.db.admin.query<{ body: string; n: number }>(
      "select body, n from entry where tenant_id = $1 and id = $2",
      [tenant.id, id],
    );
    return rows[0];
  }

  /** @throws when any tenant's rows are not what the oracle says, whoever changed them */
  async compareAll(oracle: Oracle): Promise<void> {
    const { rows } = await this.db.admin.query<{ tenant_id: string; all: { id: number; body: string; n: number }[] }>(
      `select tenant_id, jsonb_agg(jsonb_build_object('id', id, 'body', body, 'n', n) order by id) as all from entry group by 1`,
    );
    const found = new Map(rows.map(({ tenant_id, all }) => [tenant_id, all]));
    for (const tenant of oracle.tenants) {
      const real = (found.get(tenant.id) ?? []).map(({ id, body, n }) => ({ id, body, n }));
      if (hash(real) !== hash(rowsOf(tenant)))
        throw new Error(`tenant ${tenant.index} holds ${JSON.stringify(real)}, not ${JSON.stringify(rowsOf(tenant))}`);
      found.delete(tenant.id);
    }
    if (found.size > 0) throw new Error(`rows of nobody: ${[...found.keys()].join(", ")}`);
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.db.drop();
  }
}

const hash = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

export async function modelDatabase(server: TestServer, level: Level): Promise<ModelDatabase> {
  const db = await createDatabase(server, { kit: { level } });
  await db.admin.query(
    "create table entry (tenant_id text not null, id int not null, body text not null, n int not null check (n < 1000000), primary key (tenant_id, id))",
  );
  await protectTable(db.admin, { table: "entry", tenantColumn: "tenant_id" });
  await db.admin.query(`grant select, insert, update, delete on entry to ${pg.escapeIdentifier(db.roles.app)}`);
  await registerTenants(db.admin, tenantIds);
  return new ModelDatabase(db, level);
}
