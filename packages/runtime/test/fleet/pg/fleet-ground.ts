/** Two tenants in every model on one server: together in a pool database, in two schemas of one database, in a database each. */
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, type TestDatabase, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { fleetPool, type FleetOptions, type FleetPool, type Location } from "../../../src/fleet/index.ts";
import { noteTableSql, tenantA, tenantB } from "../../isolation/note-table.ts";

export { errorOf } from "../../fixture/tenant-database.ts";
export { tenantA, tenantB };

export type Model = "pool" | "schema" | "database";
export type Level = "plain" | "sealed" | "hostile";

/** Table `page` has no row security: which one is meant is the path's doing alone. Its column differs between the tenants. */
const schemasSql = (app: string, readonly: string): string => `
  create schema "t A"; create schema t_b;
  create table "t A".page (id int primary key, body text); insert into "t A".page values (1, 'of A');
  create table t_b.page (id int primary key, body int); insert into t_b.page values (1, 2222);
  grant usage on schema "t A", t_b to "${app}", "${readonly}";
  grant select, insert, update, delete on "t A".page, t_b.page to "${app}";
  grant select on "t A".page, t_b.page to "${readonly}";
  select watertight.set_tenant_schema('${tenantA}', 't A'), watertight.set_tenant_schema('${tenantB}', 't_b');`;

export interface FleetGround {
  readonly databases: Record<"pool" | "schema" | "A" | "B", TestDatabase>;
  location(model: Model, tenant: string, extra?: Partial<Location>): Location;
  /** A fleet over one model, or over whatever `locate` says. */
  fleet(
    model: Model | ((tenant: string, refresh: boolean) => Location),
    options?: Partial<FleetOptions & pg.PoolConfig>,
  ): pg.Pool & FleetPool<pg.Client>;
  close(): Promise<void>;
}

export async function fleetGround(server: TestServer, level: Level = "sealed"): Promise<FleetGround> {
  const make = async (): Promise<TestDatabase> => {
    const db = await createDatabase(server, { kit: { level } });
    await db.admin.query(noteTableSql(db.roles));
    await db.admin.query(`grant select on note to "${db.roles.readonly}"`);
    return db;
  };
  const databases = { pool: await make(), schema: await make(), A: await make(), B: await make() };
  const { app, readonly } = databases.schema.roles;
  await databases.schema.admin.query(schemasSql(app, readonly));
  const fleets: { end(): Promise<void> }[] = [];
  const location = (model: Model, tenant: string, extra: Partial<Location> = {}): Location => {
    const db = databases[model === "database" ? (tenant === tenantA ? "A" : "B") : model];
    // Anybody else is a tenant of the tables that all share.
    const schema = model === "schema" ? { [tenantA]: "t A", [tenantB]: "t_b" }[tenant] : undefined;
    return {
      id: `${db.name}/${schema ?? ""}`,
      config: { connectionString: db.appUrl, key: db.key },
      readOnly: { user: db.roles.readonly },
      model: schema === undefined && model === "schema" ? "pool" : model,
      schema,
      ...extra,
    };
  };
  return {
    databases,
    location,
    fleet(model, options = {}) {
      const pool = fleetPool(pg, {
        level,
        budget: 4,
        // The shared tables of a schema model's database: note lies in public.
        sharedSchemas: ["public"],
        ...options,
        routes: {
          locate: async (tenant, hint) =>
            typeof model === "string" ? location(model, tenant) : model(tenant, hint?.refresh ?? false),
        },
      });
      fleets.push(pool);
      return pool;
    },
    async close() {
      await Promise.all(fleets.map((pool) => Promise.race([pool.end().catch(() => {}), sleep(2000)])));
      for (const db of Object.values(databases)) await db.drop();
    },
  };
}
