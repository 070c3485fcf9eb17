// A server that was started ahead is taken once, and one that nobody takes is gone, also while it starts.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { bootAhead, bootSandbox } from "../../src/replay/boot.ts";

test("one that was started ahead is taken once", { timeout: 60_000 }, async () => {
  const dropUnused = bootAhead();
  const first = bootSandbox({ version: 18 });
  const second = bootSandbox({ version: 18 });
  const [one, other] = await Promise.all([first.ready(), second.ready()]);
  expect(one.dataFolder).not.toBe(other.dataFolder);
  await dropUnused();
  expect(await one.admin("select 1 as one")).toEqual([{ one: 1 }]);
  await Promise.all([first.close(), second.close()]);
  await first.close();
  expect([one, other].map(({ dataFolder }) => existsSync(dataFolder))).toEqual([false, false]);
});

test("one that nobody takes ends, though it only begins to start", { timeout: 60_000 }, async () => {
  const dropUnused = bootAhead();
  await dropUnused();
  await dropUnused();
  const boot = bootSandbox({ version: 18 });
  const started = boot.ready().then(
    () => "started",
    (error: Error) => error.name,
  );
  await boot.close();
  expect(await started).toBe("AbortError");
});
