/** Demand is the peak of the seconds' means, and is forgotten after the window. */
import { expect, test } from "vitest";
import { DemandWindow } from "../../../src/fleet/fair/demand-window.ts";
import { TokenBucket } from "../../../src/fleet/budget/token-bucket.ts";

test("a call of 20 ms a second wants a fiftieth of a connection", () => {
  const window = new DemandWindow(0);
  for (let second = 0; second < 10; second++) {
    window.add(1, second * 1000 + 100);
    window.add(-1, second * 1000 + 120);
  }
  expect(window.peak(10_000)).toBeCloseTo(0.02, 6);
});

test("the peak of the window counts, and only of the window", () => {
  const window = new DemandWindow(500);
  window.add(8, 1000);
  window.add(-6, 3000);
  expect(window.peak(3500)).toBe(8);
  expect(window.peak(31_500)).toBe(8);
  expect(window.peak(40_000)).toBe(2);
  expect(window.peak(400_000)).toBe(2);
  window.add(-2, 400_000);
  expect(window.peak(431_000)).toBe(0);
});

test("tokens come back at their rate, never more than the burst", () => {
  const bucket = new TokenBucket(10, 2, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
  expect(bucket.next(0)).toBe(100);
  expect([bucket.take(99), bucket.take(100), bucket.take(100)]).toEqual([false, true, false]);
  expect([bucket.take(9000), bucket.take(9000), bucket.take(9000)]).toEqual([true, true, false]);
  bucket.give();
  expect(bucket.take(9000)).toBe(true);
});
