/** The real pg fits the shapes that the driver declares, and the result is the user's own pool type. */
import pg from "pg";
import { type PgLike, type TenantDb, tenantPool, type TenantTransaction } from "../../../src/drivers/pg/index.ts";

const fits: PgLike = pg;
const pool = tenantPool(pg, { connectionString: "postgres://", level: "sealed", max: 3 });
const own: pg.Pool = pool;
const db: TenantDb = pool.for("tenant");
const rows: Promise<{ id: number }[]> = pool.query<{ id: number }>("select 1").then((result) => result.rows);
const client: Promise<pg.PoolClient> = pool.connect();
const result: Promise<number> = db.transaction(
  async (tx: TenantTransaction) => (await tx.query("select 1")).rows.length,
);

// @ts-expect-error a level that does not exist
tenantPool(pg, { level: "open" });
// @ts-expect-error unscoped work needs a reason
void pool.unscoped({}, async () => 1);
interface Invoice {
  readonly id: string;
}
const typed: Promise<string> = pool
  .for("a")
  .query<Invoice>("select 1")
  .then(({ rows: [row] }) => row!.id);
const streamed: AsyncIterableIterator<Invoice> = pool.for("a").stream<Invoice>("select 1");
const required: Promise<Invoice> = pool.for("a").requireRow<Invoice>("invoice", { id: 1 });
// Libraries that want a pg client take these.
const inside: Promise<pg.Client> = pool.for("a").transaction(async (tx) => tx.client);
const beside: Promise<pg.Client> = pool.unscoped({ reason: "report" }, async (client) => client);
// @ts-expect-error one handle serves one tenant
pool.for();

export { beside, client, fits, inside, own, required, result, rows, streamed, typed };
