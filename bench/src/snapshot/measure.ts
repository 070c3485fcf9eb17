/**
 * Reads the catalog again and again, each time on a new connection: a command reads it once, with the server's own caches of the catalog
 * still empty, which costs most of the time.
 */
import { type Queryable, readSnapshot } from "@watertight/schema";
import pg from "pg";
import { quantile } from "../measure/quantile.ts";
import { cpuReader } from "../measure/server-cpu.ts";

/** What reading took. */
export interface ReadingResult {
  readonly rounds: number;
  readonly medianMs: number;
  readonly slowestMs: number;
  /** Medians of CPU time; the server's null where it can't be read. On a busy machine they tell more than the clock. */
  readonly serverCpuMs: number | null;
  readonly ownCpuMs: number;
  readonly megabytes: number;
  readonly queries: number;
  /** The five slowest queries by median. */
  readonly slowest: readonly { readonly reads: string; readonly medianMs: number }[];
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** Measures `rounds` times, after one that does not count. */
export async function measureReading(url: string, rounds: number): Promise<ReadingResult> {
  const times = new Map<string, number[]>();
  const wall: number[] = [];
  const server: number[] = [];
  const own: number[] = [];
  let megabytes = 0;
  let queries = 0;
  for (let round = -1; round < rounds; round++) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      const { pid } = rows[0]!;
      const cpu = cpuReader([pid]);
      const timed: Queryable = {
        async query(text, params) {
          const start = performance.now();
          const result = await client.query(text, params);
          const reads = mainCatalog(text);
          times.set(reads, [...(times.get(reads) ?? []), performance.now() - start]);
          queries++;
          return result;
        },
      };
      queries = 0;
      const before = { server: cpu([pid]), own: process.cpuUsage(), clock: performance.now() };
      const snapshot = await readSnapshot(timed);
      const clock = performance.now() - before.clock;
      const { user, system } = process.cpuUsage(before.own);
      const spent = cpu([pid]);
      if (round < 0) {
        megabytes = JSON.stringify(snapshot).length / 1e6;
        times.clear();
        continue;
      }
      wall.push(clock);
      own.push((user + system) / 1000);
      if (before.server !== null && spent !== null) server.push((spent - before.server) / 1000);
    } finally {
      await client.end();
    }
  }
  const slowest = [...times]
    .map(([reads, all]) => ({ reads, medianMs: rounded(quantile(all, 0.5)) }))
    .sort((a, b) => b.medianMs - a.medianMs)
    .slice(0, 5);
  return {
    rounds,
    medianMs: rounded(quantile(wall, 0.5)),
    slowestMs: rounded(Math.max(...wall)),
    serverCpuMs: server.length === 0 ? null : rounded(quantile(server, 0.5)),
    ownCpuMs: rounded(quantile(own, 0.5)),
    megabytes: rounded(megabytes),
    queries,
    slowest,
  };
}

// The first catalog after the outermost FROM: that of the longest text without brackets is near enough to tell the queries apart.
function mainCatalog(text: string): string {
  let depth = 0;
  let outer = "";
  const body = text.includes(") q where")
    ? text.slice(text.indexOf("from (") + 6, text.lastIndexOf(") q where"))
    : text;
  for (const character of body) {
    if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (depth === 0) outer += character;
  }
  return /from\s+(?:pg_catalog\.)?(\w+)/.exec(outer)?.[1] ?? text.slice(0, 20);
}
