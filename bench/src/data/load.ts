/**
 * Makes the tables in an empty database and fills them. Must leave statistics and a clean visibility map behind: without them
 * the first measured queries would do the server's housekeeping.
 */
import { fullRows, rowsPerTenant, rowsSql, tablesSql, tenantCount, tenantId, tenantsSql } from "./tables.ts";

/** A connection, as far as loading needs one; pg's client and PGlite both fit. */
export interface Loader {
  query(text: string, values?: unknown[]): Promise<unknown>;
  /** Several statements in one text. */
  run(text: string): Promise<unknown>;
}

/** Creates and fills the tables as `owner` (a role to SET; none: the connection's own). */
export async function loadTables(db: Loader, owner: string | undefined, rows: number = fullRows): Promise<void> {
  if (owner !== undefined) await db.run(`grant create on schema public to "${owner}"; set role "${owner}"`);
  await db.run(tablesSql);
  const ids = Array.from({ length: tenantCount }, (_, i) => tenantId(i + 1));
  await db.query(tenantsSql, [ids, rowsPerTenant(rows)]);
  await db.run(rowsSql);
  if (owner !== undefined) await db.run(`reset role; revoke create on schema public from "${owner}"`);
  await db.run("vacuum (analyze) project");
  await db.run("vacuum (analyze) member");
  await db.run("vacuum (analyze) task");
}
