// The connections that holes open beside the shipped ones. Nothing here is used while all holes are closed.
import { tenancy } from "@watertight/runtime";
import { tenantPool } from "@watertight/runtime/pg";
import pg from "pg";
import type { Fields } from "../app/parts.ts";
import type { Site } from "../database/site.ts";
import type { Backdoors } from "../holes/hole.ts";

const WITH_SCHEMA = "-c search_path=harbour,directory";

/** Rows of the last statement of a text: with the simple protocol there may be several. */
const lastRows = (result: pg.QueryResult<Fields> | pg.QueryResult<Fields>[]): Fields[] =>
  Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;

/** The openers, and the pools they have opened: the caller ends them. */
export function backdoors(site: Site): { doors: Backdoors; opened: pg.Pool[] } {
  const opened: pg.Pool[] = [];
  const keep = <P extends pg.Pool>(pool: P): P => {
    pool.on("error", () => {});
    opened.push(pool);
    return pool;
  };
  const { cluster, database } = site;
  const role = (name: "app" | "migrator" | "legacy"): string =>
    name === "legacy" ? cluster.legacy : cluster.roles[name];
  const doors: Backdoors = {
    plain: (name, max = 2) => {
      const pool = keep(new pg.Pool({ connectionString: cluster.url(database, role(name)), max }));
      return async (text, values) => lastRows(await pool.query<Fields>(text, values));
    },
    session: (max) => {
      const pool = keep(
        new pg.Pool({ connectionString: cluster.url(database, role("app")), max, options: WITH_SCHEMA }),
      );
      return async (text, values) => {
        // two check-outs: the setting and the query need not meet on the same connection
        await pool.query("select set_config('watertight.tenant', $1, false)", [tenancy.current() ?? ""]);
        return lastRows(await pool.query<Fields>(text, values));
      };
    },
    unqualified: (max) => {
      const pool = keep(
        tenantPool(pg, {
          connectionString: cluster.url(database, role("app")),
          max,
          level: site.level,
          ...(site.key === "" ? {} : { key: site.key }),
          options: WITH_SCHEMA,
        }),
      );
      return async (text, values) => (await pool.query<Fields>(text, values)).rows;
    },
  };
  return { doors, opened };
}
