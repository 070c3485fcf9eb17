// How many connections a server has, in its own words, looked at again and again. Must never count itself.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { TestServer } from "../server/test-server.ts";

/** A running watch. */
export interface BackendWatch {
  /** Most client connections in one look. */
  readonly peak: number;
  readonly looks: number;
  stop(): Promise<void>;
}

/** Looks at pg_stat_activity every few milliseconds; counts connections of one role. */
export async function watchBackends(server: TestServer, role: string): Promise<BackendWatch> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  let peak = 0;
  let looks = 0;
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const { rows } = await client.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where usename = $1 and backend_type = 'client backend'",
        [role],
      );
      peak = Math.max(peak, rows[0]!.n);
      looks++;
      await sleep(10);
    }
  })();
  return {
    get peak() {
      return peak;
    },
    get looks() {
      return looks;
    },
    async stop() {
      watching = false;
      await watch;
      await client.end();
    },
  };
}
