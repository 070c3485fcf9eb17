/** The LRU simulation against a slow and obvious one, and against the figures measured for Zipf traffic. */
import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { simulateLru } from "../../../src/fleet/budget/lru-simulation.ts";

test("agrees with a list that is searched", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"), { maxLength: 200, size: "max" }),
      fc.nat(9),
      (keys, capacity) => {
        let list: string[] = [];
        let hits = 0;
        for (const key of keys) {
          if (list.includes(key)) hits++;
          list = [key, ...list.filter((each) => each !== key)].slice(0, capacity);
        }
        expect(simulateLru(keys, capacity)).toMatchObject({ hits, misses: keys.length - hits });
      },
    ),
    propertyRun(300),
  );
});

test("no call, no miss", () => {
  expect(simulateLru([], 3).hitRate).toBe(1);
});
