/** Deficit round robin: in proportion to the weights, and a queue that was blocked loses neither its turn nor its order. */
import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RoundRobin } from "../../../src/fleet/fair/round-robin.ts";

test("while all have jobs, no queue is ahead of another by more than one turn", () => {
  fc.assert(
    fc.property(
      // weights need not be whole
      fc.array(
        fc.integer({ min: 4, max: 28 }).map((quarters) => quarters / 4),
        {
          minLength: 1,
          maxLength: 12,
          size: "max",
        },
      ),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40, size: "max" }),
      (weights, batches) => {
        const line = new RoundRobin<number>();
        const queues = weights.map((weight, queue) => ({ weight, jobs: Array.from({ length: 400 }, () => queue) }));
        for (const queue of queues) line.enter(queue);
        const served = weights.map(() => 0);
        // As many at once as connections come free.
        for (const size of batches) {
          let free = size;
          line.run((queue) => free-- > 0 && ++served[queue]! > 0);
        }
        const turns = served.map((count, i) => count / weights[i]!);
        // a turn, and less than one job that a turn's credit did not pay for
        const most = 1 + (weights.every(Number.isInteger) ? 0 : 1 / Math.min(...weights));
        expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(most + 1e-9);
      },
    ),
    propertyRun(300),
  );
});

test("a blocked queue keeps its place, and gathers no credit", () => {
  const line = new RoundRobin<string>();
  const a = { weight: 2, jobs: ["a1", "a2", "a3", "a4", "a5"] };
  const b = { weight: 1, jobs: ["b1", "b2", "b3"] };
  line.enter(a);
  line.enter(b);
  const out: string[] = [];
  for (let i = 0; i < 3; i++) line.run((job) => job.startsWith("b") && out.push(job) > 0 && out.length < 9);
  expect(out).toEqual(["b1", "b2", "b3"]);
  b.jobs.push("b4");
  line.enter(b);
  let free = 3;
  line.run((job) => free-- > 0 && out.push(job) > 0);
  expect(out.slice(3)).toEqual(["a1", "a2", "b4"]);
});
