/** The real postgres.js fits, and its types come through: rows, helpers, custom types. Checked by tsc, never run. */
import postgres from "postgres";
import { tenantSql, type TenantDb, type TenantSql } from "../../../src/drivers/postgres-js/index.ts";

interface Invoice {
  id: number;
  paid: boolean;
}

const db: TenantSql<postgres.Sql> = tenantSql(postgres("postgres://app@localhost/app"), {
  level: "sealed",
  tenantIdType: "bigint",
});
const tenant: TenantDb<postgres.Sql> = db.for("1");

export async function rowsAreTyped(): Promise<number> {
  const [first] = await tenant.sql<Invoice[]>`select * from invoice where id = ${1} and paid = ${false}`;
  const { count } = await db.sql`select 1`;
  const [second] = await tenant.query<Invoice>("select * from invoice where id = $1", [1], { statementTimeoutMs: 100 });
  const third = await tenant.requireRow<Invoice>("invoice", { id: 1 });
  // @ts-expect-error: not a column
  void third.missing;
  return (first?.id ?? 0) + count + (second?.id ?? 0) + third.id;
}

export async function helpersWork(): Promise<void> {
  const only = tenant.sql`where id in ${tenant.sql([1, 2])}`;
  await tenant.sql`insert into invoice ${tenant.sql({ id: 1, paid: true }, "id")} ${only}`;
  await tenant.sql`select ${tenant.sql.json({ a: 1 })}, ${tenant.sql.array([1])}`.values();
  for await (const [row] of tenant.sql<Invoice[]>`select * from invoice`.cursor()) void row?.id;
  for await (const row of tenant.stream<Invoice>("select * from invoice", [], { batchSize: 10 })) void row.id;
  const total: number = await tenant.transaction(
    async (tx) => (await tx.sql<Invoice[]>`select * from invoice`).length,
    { isolation: "serializable" },
  );
  void total;
  // @ts-expect-error: these would send by themselves
  await tenant.sql.file("x.sql");
  // @ts-expect-error: not a level
  tenantSql(postgres(), { level: "strict" });
  // @ts-expect-error: a look-alike
  tenantSql({ query: () => [] });
  // @ts-expect-error: a reason is required
  await db.unscoped({}, async (sql) => sql`select 1`);
}

const custom = tenantSql(
  postgres({
    types: {
      point: {
        to: 600,
        from: [600],
        serialize: (p: [number, number]) => `(${p.join(",")})`,
        parse: (text: string): [number, number] => JSON.parse(text) as [number, number],
      },
    },
  }),
);
export const customTypesComeThrough: PromiseLike<unknown> = custom.sql`select ${custom.sql.typed.point([1, 2])}`;
