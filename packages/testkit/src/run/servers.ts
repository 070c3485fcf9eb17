// The servers of this test run, and describe blocks over them. Must never start anything: the run's global set-up did.
import { TestServerError } from "../server/errors.ts";
import { serverFrom, type TestServer } from "../server/test-server.ts";
import { testRun, type TestRun } from "./test-run.ts";

function currentRun(): TestRun {
  const run = testRun();
  if (run) return run;
  throw new TestServerError(
    "WT_TEST_SERVER_FAILED",
    "No test run here: servers() works in files named *.db.test.ts under vitest. Elsewhere use startServer().",
  );
}

/** The servers of this run: PostgreSQL 18, in a full run also 15, or the one of DATABASE_URL. */
export function servers(): TestServer[] {
  return currentRun().servers.map((description) => serverFrom(description));
}

/**
 * One `describe` block for each server of the run, named "PostgreSQL 18" and so on.
 * @example
 * describeServers((server) => {
 *   test("answers", async () => { const db = await createDatabase(server, { kit: true }); … });
 * });
 */
export function describeServers(body: (server: TestServer) => void): void {
  const { describe } = currentRun();
  for (const server of servers()) describe(`PostgreSQL ${server.version}`, () => body(server));
}
