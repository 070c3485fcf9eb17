// Order statistics, by hand.
import { expect, test } from "vitest";
import { median, noise, quantile } from "../src/measure/quantile.ts";

test("median of odd and even counts", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("quantiles by the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantile(hundred, 0.95)).toBe(95);
  expect(quantile(hundred, 1)).toBe(100);
  expect(quantile([7], 0.5)).toBe(7);
});

test("noise is relative to the median and ignores outliers", () => {
  expect(noise([10, 10, 10, 10, 1000])).toBe(0);
  expect(noise([8, 9, 10, 11, 12])).toBeCloseTo(0.1);
});
