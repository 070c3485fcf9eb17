/**
 * PGlite instances inside this process: one with the kit at level plain, one at level sealed, one whose session stays the superuser that
 * row security does not bind. A tenth of the rows, because the same statements run several times slower in WebAssembly.
 */
import { PGlite } from "@electric-sql/pglite";
import { installKit, protectTable, type Queryable } from "@watertight/schema";
import { loadTables } from "../data/load.ts";
import { tenantTables } from "../data/tables.ts";

/** Rows of the big table in PGlite. */
export const pgliteRows: number = 19_000;

/** The instances. */
export interface PgliteInstances {
  readonly bare: PGlite;
  readonly plain: PGlite;
  readonly sealed: PGlite;
  /** Key of the sealed one. */
  readonly key: string;
  close(): Promise<void>;
}

/** Boots and fills them; several seconds of CPU, most of them for compiling WebAssembly. */
export async function startPglite(): Promise<PgliteInstances> {
  const bare = await PGlite.create();
  await loadTables(
    { query: (text, values) => bare.query(text, values), run: (text) => bare.exec(text) },
    undefined,
    pgliteRows,
  );
  const key = await protect(bare);
  const files = await bare.dumpDataDir("none");
  const sealed = await PGlite.create({ loadDataDir: files });
  const plain = await PGlite.create({ loadDataDir: files });
  await installKit(asConnection(plain), { level: "plain" });
  return {
    bare,
    plain,
    sealed,
    key,
    async close() {
      for (const db of [bare, plain, sealed]) await db.close();
    },
  };
}

async function protect(db: PGlite): Promise<string> {
  const connection = asConnection(db);
  const { key, roles } = await installKit(connection, { level: "sealed" });
  for (const table of tenantTables) {
    await db.exec(`alter table ${table} owner to "${roles.owner}"`);
    await protectTable(connection, { table, tenantColumn: "tenant_id" });
  }
  await db.exec("select watertight.register_tenant(id::text) from tenant; analyze watertight.fence");
  return key ?? "";
}

// PGlite's query() takes one statement, the kit's files hold many.
function asConnection(db: PGlite): Queryable {
  return {
    async query(text, params) {
      if (params !== undefined && params.length > 0) return db.query(text, params);
      return (await db.exec(text)).at(-1) ?? { rows: [] };
    },
  };
}
