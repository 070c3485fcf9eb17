/** The tenant pool as a subject. Must add nothing: what protects here must be the pool itself. */
import pg from "pg";
import { tenantPool } from "../../src/drivers/pg/index.ts";
import { fleetPool, type RouteSource } from "../../src/fleet/index.ts";
import { tenancy } from "../../src/index.ts";
import type { Borrowed, Limits, Rows, Subject } from "./subject.ts";

export interface WatertightSettings {
  readonly url: string;
  readonly key: string;
  readonly level: "plain" | "sealed" | "hostile";
  readonly prepare?: "named" | "all" | "none";
  /** Behind a transaction pooler the next transaction may run on a connection that still listens for somebody: LISTEN is not supported there. */
  readonly pooled?: boolean;
  /** A fleet over these locations instead of a pool of one database. */
  readonly routes?: RouteSource;
}

export function watertightSubject(
  { url, key, level, prepare = "all", pooled = false, routes }: WatertightSettings,
  max: number,
): Subject {
  const settings = { key, level, prepare };
  const pool = routes
    ? fleetPool(pg, {
        ...settings,
        routes,
        budget: max,
        connectRate: 1000,
        queueLimit: 10_000,
        queueTimeoutMs: 20_000,
        sharedSchemas: ["public"],
      })
    : tenantPool(pg, { ...settings, connectionString: url, max, connectionTimeoutMillis: 20_000 });
  pool.on("error", () => {});
  return {
    name: `watertight ${level}${routes ? ", fleet" : ""}`,
    query(tenant, text, values, limits: Limits = {}) {
      const { queryTimeoutMs, ...options } = limits;
      const statement =
        queryTimeoutMs === undefined ? text : ({ text, query_timeout: queryTimeoutMs } as { text: string });
      return pool.for(tenant.id).query(statement, values, options) as Promise<Rows>;
    },
    batch: (tenant, parts) => pool.for(tenant.id).batch(parts) as Promise<Rows[]>,
    transaction: (tenant, fn, limits: Limits = {}) => {
      const { signal, statementTimeoutMs } = limits;
      return pool
        .for(tenant.id)
        .transaction((tx) => fn(tx as { query(text: string, values?: readonly unknown[]): Promise<Rows> }), {
          ...(signal === undefined ? {} : { signal }),
          ...(statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
        });
    },
    stream: (tenant, text, batchSize) => pool.for(tenant.id).stream(text, [], { batchSize }),
    requireRow: (tenant, id) => pool.for(tenant.id).requireRow("item", { id }),
    async connect(tenant): Promise<Borrowed> {
      const client = await tenancy.run(tenant.id, () => pool.connect());
      const ends: (() => void)[] = [];
      return {
        query: async (text, values, queryTimeoutMs) =>
          (await client.query({
            text,
            values: (values ?? []) as unknown[],
            ...(queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }),
          } as pg.QueryConfig)) as Rows,
        begin: () => client.query("begin"),
        onNotification: (callback) => {
          if (pooled) return;
          const on = ({ channel }: { channel: string }): void => callback(channel);
          client.on("notification", on);
          ends.push(() => client.off("notification", on));
        },
        release: () => {
          for (const end of ends) end();
          client.release();
        },
      };
    },
    as: (tenant, fn) => tenancy.run(tenant.id, fn),
    ambient: (text) => pool.query(text) as Promise<Rows>,
    count: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    end: () => pool.end(),
  };
}
