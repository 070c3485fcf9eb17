/**
 * The bare alternative: the same files, one query each, by a client that asks for nothing else. The server has the settings of a replay.
 */
import { startServer } from "@watertight/testkit";
import pg from "pg";
import type { Project } from "./project.ts";

/** Milliseconds for all files, without the server's boot. */
export async function replayPlainly(project: Project): Promise<number> {
  const settings = {
    autovacuum: "off",
    jit: "off",
    shared_buffers: "32MB",
    wal_level: "minimal",
    max_wal_senders: "0",
    max_locks_per_transaction: "1024",
  };
  const server = await startServer({ version: 18, settings });
  try {
    const client = new pg.Client({ connectionString: server.url("postgres") });
    await client.connect();
    try {
      const start = performance.now();
      for (const file of Object.keys(project).toSorted()) await client.query(project[file]!);
      return performance.now() - start;
    } finally {
      await client.end();
    }
  } finally {
    await server.stop();
  }
}
