/**
 * node-postgres: stock pool against tenant pool, the same query object on both sides.
 */
import pg from "pg";
import { tenancy } from "@watertight/runtime";
import { tenantPool } from "@watertight/runtime/pg";
import { statement } from "../data/cases.ts";
import type { Environment } from "../environment/environment.ts";
import type { Endpoint, Target, Variant } from "./target.ts";

/** Makes a target; `named` false prepares nothing, which is what level hostile does. */
export function pgTarget(environment: Environment, endpoint: Endpoint, variant: Variant, named: boolean): Target {
  const base = { driver: "pg", variant, named, connections: endpoint.connections } as const;
  const config = (url: string): pg.PoolConfig => ({
    connectionString: endpoint.through(url),
    application_name: endpoint.applicationName,
    max: endpoint.connections,
    idleTimeoutMillis: 0,
  });
  const { plain, sealed } = environment.databases;

  if (variant === "unscoped") {
    const pool = watched(new pg.Pool(config(environment.unscopedUrl)));
    return {
      ...base,
      call: async (name, caller, n) => {
        const { text, values } = statement(name, false, caller, n);
        return (await pool.query(named ? { name, text, values } : { text, values })).rows.length;
      },
      close: () => pool.end(),
    };
  }
  if (variant === "awaited") {
    const pool = watched(new pg.Pool(config(plain.appUrl)));
    return {
      ...base,
      call: async (name, caller, n) => {
        const { text, values } = statement(name, true, caller, n);
        const client = await pool.connect();
        try {
          await client.query("begin");
          await client.query({
            name: "context",
            text: "select set_config('watertight.tenant', $1, true)",
            values: [caller.tenant],
          });
          const { rows } = await client.query({ name, text, values });
          await client.query("commit");
          return rows.length;
        } finally {
          client.release();
        }
      },
      close: () => pool.end(),
    };
  }
  const database = variant === "plain" ? plain : sealed;
  const pool = tenantPool(pg, {
    ...config(database.appUrl),
    level: variant,
    ...(variant === "plain" ? {} : { key: database.key }),
  });
  watched(pool);
  return {
    ...base,
    call: async (name, caller, n) => {
      const { text, values } = statement(name, true, caller, n);
      return (await pool.for(caller.tenant).query(named ? { name, text, values } : { text, values })).rows.length;
    },
    close: () => pool.end(),
  };
}

/** Level sealed through the ambient way in: `tenancy.run` around the stock call `pool.query`. */
export function pgAmbientTarget(environment: Environment, endpoint: Endpoint): Target {
  const { sealed } = environment.databases;
  const pool = watched(
    tenantPool(pg, {
      connectionString: endpoint.through(sealed.appUrl),
      application_name: endpoint.applicationName,
      max: endpoint.connections,
      idleTimeoutMillis: 0,
      key: sealed.key,
    }),
  );
  return {
    driver: "pg",
    variant: "sealed",
    named: true,
    connections: endpoint.connections,
    call: (name, caller, n) =>
      tenancy.run(caller.tenant, async () => {
        const { text, values } = statement(name, true, caller, n);
        return (await pool.query({ name, text, values })).rows.length;
      }),
    close: () => pool.end(),
  };
}

function watched<P extends pg.Pool>(pool: P): P {
  // An idle connection that breaks shows in the next call; without a listener it would end the process.
  pool.on("error", () => {});
  return pool;
}
