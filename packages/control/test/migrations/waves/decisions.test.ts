// The pure decisions behind waves: when to pause, how many targets a wave has, how long to wait for a lock, which failures are one.
import { expect, test } from "vitest";
import { pauseAfter, withRetries } from "../../../src/migrations/apply/retry.ts";
import { groupFailures } from "../../../src/migrations/waves/group-failures.ts";
import { pauseReason, waveSizes } from "../../../src/migrations/waves/pause.ts";
import type { RunTarget } from "@watertight/control";

test.each<[readonly (string | number)[], number, number[] | undefined]>([
  [["1%", "10%", "100%"], 1000, [10, 100, 1000]],
  [["1%", "10%", "100%"], 5, [1, 5]],
  [["7%", "100%"], 100, [7, 100]],
  [[0.5, 1], 3, [2, 3]],
  [["1%"], 1000, [10]],
  [["10%", "1%"], 1000, undefined],
  [["101%"], 10, undefined],
  [["0%"], 10, undefined],
  [["ten"], 10, undefined],
  [[], 10, undefined],
])("waves %j of %i", (waves, targets, sizes) => expect(waveSizes(waves, targets)).toEqual(sizes));

test("a wave pauses over its rate, and over its slowness once enough was seen", () => {
  const seen = { size: 100, done: 50, failed: 0, slowness: [] };
  expect(pauseReason({}, seen)).toBeUndefined();
  expect(pauseReason({}, { ...seen, failed: 1 })).toMatch(/^error/);
  expect(pauseReason({ error: 0.05 }, { ...seen, failed: 5 })).toBeUndefined();
  expect(pauseReason({ error: 0.05 }, { ...seen, failed: 6 })).toMatch(/^error/);
  expect(pauseReason({ error: false }, { ...seen, failed: 100 })).toBeUndefined();
  const slow = (slowness: number[]) => pauseReason({ slow: 3 }, { ...seen, slowness });
  expect(slow(Array.from({ length: 19 }, () => 9))).toBeUndefined();
  expect(slow([...Array.from({ length: 19 }, () => 1), 9])).toBeUndefined();
  expect(slow([...Array.from({ length: 18 }, () => 1), 9, 9])).toMatch(/^slow/);
});

test("pauses between attempts double, with jitter, up to a limit", () => {
  expect([1, 2, 3, 4].map((attempt) => pauseAfter(attempt, () => 1))).toEqual([100, 200, 400, 800]);
  expect([1, 2, 9].map((attempt) => pauseAfter(attempt, () => 0))).toEqual([50, 100, 1000]);
});

test("only lock failures are tried again, and only within the budget", async () => {
  const refusing = (code: string) => {
    let tries = 0;
    const run = withRetries(() => Promise.reject(Object.assign(new Error(code), { code, n: ++tries })), "x", {
      budgetMs: 300,
      random: () => 0,
    });
    return run.catch((error: unknown) => ({ tries, code: (error as { code: string }).code }));
  };
  expect(await refusing("42P01")).toEqual({ tries: 1, code: "42P01" });
  const busy = await refusing("55P03");
  expect(busy).toMatchObject({ code: "WT_MIGRATION_BUSY" });
  expect((busy as { tries: number }).tries).toBeGreaterThan(1);
  const abort = new AbortController();
  abort.abort();
  const stopped = withRetries(() => Promise.reject(Object.assign(new Error("x"), { code: "55P03" })), "x", {
    budgetMs: 10_000,
    signal: abort.signal,
  });
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
});

test("failures are one group when they differ by the tenant's name alone", () => {
  const failed = (target: string, message: string, line = 1): RunTarget => ({
    target,
    wave: 1,
    state: "failed",
    failure: { code: "WT_MIGRATION_FAILED", sqlstate: "42P01", message, file: "f.sql", line },
    reason: null,
    durationMs: 1,
  });
  const groups = groupFailures([
    failed("a.b", 'no "a.b".x'),
    failed("t1", 'no "t1".x'),
    failed("t2", 'no "t2".x'),
    failed("t3", "other"),
    failed("t11", 'no "t11".x', 2),
  ]);
  expect(groups.map(({ count, message, line, targets }) => [count, message, line, targets.join()])).toEqual([
    [3, 'no "<tenant>".x', 1, "a.b,t1,t2"],
    [1, "other", 1, "t3"],
    [1, 'no "<tenant>".x', 2, "t11"],
  ]);
});
