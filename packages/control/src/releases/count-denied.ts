/** Accesses that places refused since a run began: what a release breaks in an application shows there first. Reads only. */
import pg from "pg";
import type { PlaceTarget } from "./place-targets.ts";

/** Counts them over the databases of these places; a database that does not answer counts as none, because its own targets fail and tell. */
export async function countDenied(places: readonly PlaceTarget[], since: Date): Promise<number> {
  const urls = [...new Set(places.map(({ connect }) => connect.connectionString!))];
  let denied = 0;
  const next = urls.values();
  const work = async (): Promise<void> => {
    for (const connectionString of next) denied += await deniedIn(connectionString, since).catch(() => 0);
  };
  await Promise.all(Array.from({ length: Math.min(4, urls.length) }, work));
  return denied;
}

/** Another tenant's row that was asked for, a tenant's own that it did not get, and what a table under observation would have refused. */
const refusals = ["cross_tenant_probe", "own_row", "observed_crossing", "observed_no_context"];

async function deniedIn(connectionString: string, since: Date): Promise<number> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 5000,
    options: "-c statement_timeout=5000",
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ n: number }>(
      "select count(*)::int as n from watertight.event where kind = any ($2) and at >= $1",
      [since, refusals],
    );
    return rows[0]!.n;
  } finally {
    await client.end().catch(() => {});
  }
}
