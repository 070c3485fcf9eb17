/** A database with the kit and the table note, and tenantSql over instances of postgres.js as the app role. */
import { createDatabase, type TestDatabase, type TestServer } from "@watertight/testkit";
import postgres from "postgres";
import { type Rows, tenantSql, type TenantSql, type TenantSqlOptions } from "../../../src/drivers/postgres-js/index.ts";
import { truthSql } from "../../isolation/isolation-cases.ts";
import { noteTableSql } from "../../isolation/note-table.ts";
import type { Level, Outcome, Run, Subject } from "../../isolation/subject.ts";

export interface Instance {
  readonly sql: postgres.Sql;
  readonly tenants: TenantSql<postgres.Sql>;
}

export interface SqlDatabase extends TestDatabase {
  readonly level: Level;
  /** A new instance; ended by `close`. `url` defaults to the app role's. */
  open(native?: postgres.Options<{}>, options?: TenantSqlOptions<postgres.Sql>, url?: string): Instance;
  close(): Promise<void>;
}

export async function sqlDatabase(server: TestServer, level: Level = "sealed"): Promise<SqlDatabase> {
  const db = await createDatabase(server, { kit: { level } });
  await db.admin.query(noteTableSql(db.roles));
  const instances: Instance[] = [];
  return {
    ...db,
    level,
    open(native = {}, options = {}, url = db.appUrl) {
      const sql = postgres(url, { max: 3, onnotice: () => {}, ...native }) as unknown as postgres.Sql;
      const tenants = tenantSql(sql, { key: db.key, level, ...options });
      instances.push({ sql, tenants });
      return { sql, tenants };
    },
    async close() {
      for (const { sql, tenants } of instances) {
        await tenants.end();
        await sql.end({ timeout: 1 });
      }
      await db.drop();
    },
  };
}

const outcome = (rows: Rows): Outcome => ({ rows: [...rows], count: rows.count });

/** The instance as the isolation cases see it. */
export function subjectOf(db: SqlDatabase, { tenants }: Instance): Subject {
  const runner =
    (query: TenantSql<postgres.Sql>["query"]): Run =>
    async (text, values) =>
      outcome(await query(text, values));
  return {
    level: db.level,
    as: (tenant) => runner(tenants.for(tenant).query),
    ambient: runner(tenants.query),
    transaction: (tenant, fn) =>
      tenants.for(tenant).transaction((tx) => fn(async (text, values) => outcome(await tx.query(text, values)))),
    truth: async () => (await db.admin.query<{ total: number; a: number; b: number }>(truthSql)).rows[0]!,
  };
}
