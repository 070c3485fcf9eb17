/** The fuzz's tables: every row carries its tenant and canary, ids repeat across tenants. With the kit, or as one meets them. */
import pg from "pg";
import { createDatabase, type TestDatabase, type TestServer } from "@watertight/testkit";
import { rowsPerTenant, tenants } from "./tenants.ts";

export interface FuzzDatabase extends TestDatabase {
  kill(pid: number): Promise<void>;
  /** Rows whose tenant and canary disagree, or that should not be there: writes that crossed. */
  crossedWrites(): Promise<number>;
  counters(): Promise<Map<string, number>>;
  close(): Promise<void>;
}

const tables = `
  create table item (tenant_id uuid not null, id int not null, body text not null, n int not null default 0, primary key (tenant_id, id));
  create table counter (tenant_id uuid not null, id int not null, n int not null default 0, primary key (tenant_id, id)) with (fillfactor = 50);
  create table scratch (tenant_id uuid not null, id int not null, body text not null, primary key (tenant_id, id));`;

const values = tenants.map((tenant) => `('${tenant.id}'::uuid, '${tenant.canary}')`).join(",");
const rows = `
  insert into item select t.id, i, t.canary from (values ${values}) t(id, canary), generate_series(1, ${rowsPerTenant}) i;
  insert into counter select t.id, i from (values ${values}) t(id, canary), generate_series(1, 32) i;`;

/** Policies over the given expression for the current tenant. */
function policies(app: string, tenant: string): string {
  return ["item", "counter", "scratch"]
    .map(
      (table) => `
        alter table ${table} enable row level security;
        alter table ${table} force row level security;
        create policy floor on ${table} as restrictive using (tenant_id = ${tenant});
        create policy tenant on ${table} using (true);
        grant select, insert, update, delete on ${table} to ${app};`,
    )
    .join("");
}

/** A database for the fuzz; `plain` has row security over an ordinary setting and nothing else. */
export async function fuzzDatabase(
  server: TestServer,
  flavour: "plain" | "kit",
  level: "plain" | "sealed" | "hostile" = "sealed",
): Promise<FuzzDatabase> {
  const db = await createDatabase(server, { kit: { level } });
  const app = pg.escapeIdentifier(db.roles.app);
  const owner = pg.escapeIdentifier(db.roles.owner);
  await db.admin.query(tables + rows);
  if (flavour === "kit") {
    await db.admin.query(policies(app, "(select watertight.tenant_id()::uuid)"));
    for (const table of ["item", "counter", "scratch"]) {
      await db.admin.query(`alter table ${table} owner to ${owner};
        insert into watertight.protected (relation, tenant_column, tenant_type, tenant_sql, mode, before) values ('${table}', 'tenant_id', 'uuid', 'r.tenant_id::text', 'enforce', '{}')`);
    }
    for (const { id } of tenants) await db.admin.query("select watertight.register_tenant($1)", [id]);
  } else {
    // What a database without the kit gives everybody.
    await db.admin.query(
      `grant temporary on database ${pg.escapeIdentifier(db.name)} to public; ${policies(app, "nullif(current_setting('app.tenant', true), '')::uuid")}`,
    );
  }
  await db.admin.query(`grant usage on schema public to ${app}; analyze`);
  const killers = new pg.Pool({ connectionString: db.adminUrl, max: 2 });
  killers.on("error", () => {});
  return {
    ...db,
    kill: async (pid) => void (await killers.query("select pg_terminate_backend($1)", [pid])),
    async crossedWrites() {
      const { rows: found } = await db.admin.query<{ n: number }>(`
        select (select count(*) from item join (values ${values}) t(id, canary) on t.id = tenant_id where body <> canary)
             + (select abs(count(*) - ${rowsPerTenant * tenants.length}) from item)
             + (select count(*) from scratch join (values ${values}) t(id, canary) on t.id = tenant_id where body <> canary) as n`);
      return Number(found[0]?.n);
    },
    async counters() {
      const { rows: found } = await db.admin.query<{ tenant_id: string; n: number }>(
        "select tenant_id, sum(n)::int as n from counter group by 1",
      );
      return new Map(found.map(({ tenant_id, n }) => [tenant_id, n]));
    },
    async close() {
      await killers.end();
      await db.drop();
    },
  };
}
