/** Max-min: nobody gets more than asked, all is given out, and nobody could get more without taking it from one who has no more. */
import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fairShares } from "../../../src/fleet/fair/fair-share.ts";

const claims = fc.array(
  fc.record({ demand: fc.float({ min: 0, max: 100, noNaN: true }), weight: fc.integer({ min: 1, max: 10 }) }),
  { maxLength: 30, size: "max" },
);
const capacity = fc.integer({ min: 1, max: 200 });

test("the max-min property", () => {
  fc.assert(
    fc.property(claims, capacity, (each, room) => {
      const { shares, level } = fairShares(room, each);
      const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
      const wanted = sum(each.map(({ demand }) => demand));
      expect(sum(shares)).toBeCloseTo(Math.min(room, wanted), 3);
      each.forEach(({ demand, weight }, i) => {
        expect(shares[i]).toBeLessThanOrEqual(demand + 1e-6);
        if (shares[i]! >= demand - 1e-3) return;
        // Not satisfied: then nobody has more per weight.
        expect(shares[i]! / weight).toBeCloseTo(level, 3);
        each.forEach((other, j) => expect(shares[j]! / other.weight).toBeLessThanOrEqual(shares[i]! / weight + 1e-3));
      });
    }),
    propertyRun(500),
  );
});

test("plain cases", () => {
  const even = (...demands: number[]) => demands.map((demand) => ({ demand, weight: 1 }));
  expect(fairShares(10, even(200, 2)).shares).toEqual([8, 2]);
  expect(fairShares(10, even(1, 2, 3))).toEqual({ shares: [1, 2, 3], level: 10 });
  expect(
    fairShares(12, [
      { demand: 50, weight: 3 },
      { demand: 50, weight: 1 },
    ]).shares,
  ).toEqual([9, 3]);
  expect(fairShares(5, [])).toEqual({ shares: [], level: 5 });
});
