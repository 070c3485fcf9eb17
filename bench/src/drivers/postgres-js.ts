/**
 * postgres.js: the stock instance against tenantSql over an instance of its own, the same text and values on both sides.
 */
import postgres from "postgres";
import { tenantSql } from "@watertight/runtime/postgres-js";
import { statement } from "../data/cases.ts";
import type { Environment } from "../environment/environment.ts";
import type { Endpoint, Target, Variant } from "./target.ts";

/** Makes a target; `named` false prepares nothing. */
export function postgresJsTarget(
  environment: Environment,
  endpoint: Endpoint,
  variant: Variant,
  named: boolean,
): Target {
  const base = { driver: "postgres-js", variant, named, connections: endpoint.connections } as const;
  const { plain, sealed } = environment.databases;
  const connect = (url: string): postgres.Sql =>
    postgres(endpoint.through(url), {
      max: endpoint.connections,
      prepare: named,
      connection: { application_name: endpoint.applicationName },
      onnotice: () => {},
      // Otherwise it replaces connections in the middle of a measurement.
      max_lifetime: null,
    }) as unknown as postgres.Sql;
  const close = (sql: postgres.Sql): Promise<void> => sql.end({ timeout: 1 });

  if (variant === "unscoped") {
    const sql = connect(environment.unscopedUrl);
    return {
      ...base,
      call: async (name, caller, n) => {
        const { text, values } = statement(name, false, caller, n);
        return (await sql.unsafe(text, values as never[], { prepare: named })).length;
      },
      close: () => close(sql),
    };
  }
  if (variant === "awaited") {
    const sql = connect(plain.appUrl);
    return {
      ...base,
      call: async (name, caller, n) => {
        const { text, values } = statement(name, true, caller, n);
        const rows = await sql.begin(async (tx) => {
          await tx`select set_config('watertight.tenant', ${caller.tenant}, true)`;
          return tx.unsafe(text, values as never[], { prepare: named });
        });
        return rows.length;
      },
      close: () => close(sql),
    };
  }
  const database = variant === "plain" ? plain : sealed;
  const sql = connect(database.appUrl);
  const tenants = tenantSql(sql, { level: variant, ...(variant === "plain" ? {} : { key: database.key }) });
  return {
    ...base,
    call: async (name, caller, n) => {
      const { text, values } = statement(name, true, caller, n);
      return (await tenants.for(caller.tenant).query(text, values)).length;
    },
    close: async () => {
      await tenants.end();
      await close(sql);
    },
  };
}
