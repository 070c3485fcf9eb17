// What one test run shares between processes: its servers, a random id that marks every database and role it makes, and the
// functions of the test runner. Kept on globalThis so that this package needs no test runner where none is running (examples,
// benchmarks). Must never be filled by anything but vitest/register-run.ts.
import type { ServerDescription } from "../server/test-server.ts";

/** One run of the tests. */
export interface TestRun {
  /** 8 hex digits, part of every name the run creates. */
  id: string;
  servers: ServerDescription[];
  describe: (name: string, body: () => void) => void;
}

const KEY = Symbol.for("watertight.testkit.run");
type Holder = { [KEY]?: TestRun };

/** Makes the run known in this process. */
export function setTestRun(run: TestRun): void {
  (globalThis as Holder)[KEY] = run;
}

/** The run of this process, or undefined outside a test runner. */
export function testRun(): TestRun | undefined {
  return (globalThis as Holder)[KEY];
}
