/**
 * SQL in, replay out: {snapshot, history} of one migration file, in a throw-away server of the same version as the test's. One server serves
 * all replays of a test file, one after the other: close() each before the next one begins.
 */
import { ownBinaries, type EmbeddedVersion } from "@watertight/testkit";
import { afterAll } from "vitest";
import type { Migration } from "../../src/find/migration.ts";
import { parseMigrations } from "../../src/parse/parse-migrations.ts";
import { type Replay, replay, type ReplayOptions } from "../../src/replay/replay.ts";
import { openSandbox, type Sandbox } from "../../src/replay/sandbox.ts";

const sandboxes = new Map<number, Promise<Sandbox>>();
let busy: Promise<void> = Promise.resolve();

afterAll(async () => {
  const all = await Promise.all(sandboxes.values());
  sandboxes.clear();
  await Promise.all(all.map((sandbox) => sandbox.close()));
});

/** A sandbox of the server's version: 15 where the test runs on 15, otherwise 18. */
export function sandboxFor(version: number): Promise<Sandbox> {
  const major: EmbeddedVersion = version === 15 ? 15 : 18;
  const binaries = ownBinaries(major);
  const found =
    sandboxes.get(major) ?? openSandbox({ version: major, ...(binaries === undefined ? {} : { binaries }) });
  sandboxes.set(major, found);
  return found;
}

/** A file of a migration set. */
export function migration(sql: string, over: Partial<Migration> = {}): Migration {
  const fragments = [{ sql, line: 1, offset: 0 }];
  return { name: "0001_test", tool: "sql", file: "db/0001_test.sql", transaction: false, fragments, ...over };
}

/**
 * Replays files; waits until the replay before was closed.
 * @example
 * const { snapshot, history, close } = await replayed(server, "create table t (id int)");
 */
export async function replayed(
  server: { readonly version: number },
  sql: string | readonly Migration[],
  options: ReplayOptions = {},
): Promise<Replay> {
  const migrations = typeof sql === "string" ? [migration(sql)] : sql;
  const tool = migrations[0]?.tool ?? "sql";
  const statements = await parseMigrations({ tool, folder: "db", migrations, unread: [], evidence: [] });
  const before = busy;
  let done: () => void = () => {};
  busy = new Promise((resolve) => (done = resolve));
  await before;
  try {
    const result = await replay(statements, { sandbox: await sandboxFor(server.version), ...options });
    return {
      ...result,
      async close() {
        await result.close();
        done();
      },
    };
  } catch (error) {
    done();
    throw error;
  }
}
