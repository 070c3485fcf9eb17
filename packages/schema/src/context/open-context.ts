/**
 * Opens a tenant's context on a connection of our own, for tools: the shell and work that goes from tenant to tenant. Applications use
 * the runtime. Must never put a token into an error or a log.
 */
import { mintToken, parseKeys } from "@watertight/runtime";
import type { Queryable } from "../db/queryable.ts";
import type { Level } from "../install/sql-files.ts";

/** Life of a token of a tool, seconds. */
const tokenLife = 10;

/** Opens the context in the transaction that is running on `db`. */
export async function openContext(db: Queryable, tenant: string, level: Level, key: string | undefined): Promise<void> {
  if (level === "plain") {
    // the function checks the fence, which a bare set_config would not
    await db.query("select watertight.open(pg_catalog.convert_to($1, 'UTF8'))", [tenant]);
    return;
  }
  const [first] = parseKeys(key);
  const { rows } = await db.query(
    "select pg_catalog.pg_backend_pid() as pid, pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::int as now",
  );
  const token = mintToken({
    key: first,
    tenant,
    pid: rows[0]!.pid as number,
    expiresAt: (rows[0]!.now as number) + tokenLife,
  });
  await db.query("select watertight.open($1)", [token]);
}
