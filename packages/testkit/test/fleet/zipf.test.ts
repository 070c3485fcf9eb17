/** The load is what it says: in proportion, and the same for the same seed. */
import { expect, test } from "vitest";
import { closedLoop, openLoop, zipf } from "../../src/index.ts";

test("the first of 300 has 16 % of the traffic at skew 1, and half as much has the second", () => {
  const next = zipf(300, 1, 7);
  const seen = Array.from({ length: 300 }, () => 0);
  for (let i = 0; i < 100_000; i++) seen[next()]!++;
  expect(seen[0]! / 100_000).toBeCloseTo(0.159, 2);
  expect(seen[0]! / seen[1]!).toBeCloseTo(2, 1);
  expect(Math.min(...seen)).toBeGreaterThan(20);
});

test("the same seed gives the same sequence", () => {
  const [a, b] = [zipf(50, 1.2, 3), zipf(50, 1.2, 3)];
  expect(Array.from({ length: 100 }, a)).toEqual(Array.from({ length: 100 }, b));
});

test("a closed loop makes the calls it was asked for", async () => {
  let most = 0;
  let running = 0;
  const result = await closedLoop({ callers: 4, calls: 50, thinkMs: 1 }, async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
    throw new Error("no");
  });
  expect(result).toMatchObject({ calls: 50, failed: 50 });
  expect(most).toBeLessThanOrEqual(4);
});

test("an open loop counts what failed, and waits for all", async () => {
  let left = 30;
  const result = await openLoop(
    2000,
    () => left <= 0,
    async () => {
      if (left-- % 2) throw new Error("no");
    },
  );
  expect(result.calls).toBeGreaterThanOrEqual(30);
  expect(result.failed).toBeGreaterThanOrEqual(14);
  expect(result.errors).toHaveLength(5);
});
