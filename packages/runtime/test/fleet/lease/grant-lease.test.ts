/** Instances that come, go, are killed or cut off: together never over the budget, and a lost lease leaves the static share. */
import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { serverBudget, staticShare } from "../../../src/fleet/lease/budget-lease.ts";
import { memoryLeases } from "../../../src/fleet/lease/memory-leases.ts";
import { ShareHolder } from "../../../src/fleet/lease/share-holder.ts";

interface Instance {
  readonly name: string;
  readonly holder: ShareHolder;
  alive: boolean;
  cutOff: boolean;
  held: number;
}

const step = fc.record({
  waitMs: fc.nat(15_000),
  who: fc.nat(3),
  what: fc.constantFrom("renew", "renew", "renew", "kill", "cut off", "join again", "leave"),
  wanted: fc.nat(80),
});

test("never over the budget, whoever is killed, cut off or back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 8, max: 100 }),
      fc.integer({ min: 2, max: 4 }),
      async (steps, budget, count) => {
        let now = 0;
        const leases = memoryLeases({ budget, instances: count }, () => now);
        const all = Array.from({ length: count }, (_, i): Instance => {
          const holder = new ShareHolder(staticShare(budget, count));
          return { name: `i${i}`, holder, alive: true, cutOff: false, held: 0 };
        });
        for (const { waitMs, who, what, wanted } of steps) {
          now += waitMs;
          const one = all[who % count]!;
          if (what === "kill") [one.alive, one.held] = [false, 0];
          else if (what === "cut off") one.cutOff = true;
          else if (what === "join again") [one.alive, one.cutOff] = [true, false];
          else if (what === "leave" && one.alive && !one.cutOff) {
            [one.alive, one.held] = [false, 0];
            await leases.release("s", one.name);
          } else if (one.alive && !one.cutOff) {
            const { held } = one;
            one.holder.granted(await leases.renew({ server: "s", instance: one.name, held, wanted }), now);
          }
          // Everybody opens all that it may, and gives back what it may no more.
          for (const each of all) if (each.alive) each.held = each.holder.share(now);
          const held = all.reduce((sum, each) => sum + each.held, 0);
          expect(held).toBeLessThanOrEqual(budget);
        }
      },
    ),
    propertyRun(400),
  );
});

test("a killed instance's lease goes to the others when it has run out, but for its static share", async () => {
  let now = 0;
  const leases = memoryLeases({ budget: 60, instances: 2 }, () => now);
  const renew = async (instance: string, held: number): Promise<number> =>
    (await leases.renew({ server: "s", instance, held, wanted: 60 })).share;
  expect(staticShare(60, 2)).toBe(15);
  expect(await renew("a", 0)).toBe(45);
  // The newcomer gets what is left, until the first one has given back.
  expect(await renew("b", 0)).toBe(15);
  expect(await renew("a", 45)).toBe(30);
  expect(await renew("b", 15)).toBe(15);
  expect(await renew("a", 30)).toBe(30);
  expect(await renew("b", 15)).toBe(30);
  now = 35_000;
  expect(await renew("a", 30)).toBe(30);
  now = 41_000;
  expect(await renew("a", 30)).toBe(45);
});

test("held beyond the share still counts", async () => {
  const leases = memoryLeases({ budget: 60, instances: 2 }, () => 0);
  await leases.renew({ server: "s", instance: "a", held: 50, wanted: 60 });
  expect((await leases.renew({ server: "s", instance: "b", held: 0, wanted: 60 })).share).toBe(10);
});

test("a lease counts from the moment of asking, and then the static share holds", () => {
  const holder = new ShareHolder(15);
  expect(holder.share(0)).toBe(15);
  holder.granted({ share: 40, ttlMs: 30_000 }, 1000);
  expect([holder.share(30_999), holder.share(31_000)]).toEqual([40, 15]);
  holder.granted({ share: 20, ttlMs: 30_000 }, 500);
  expect(holder.share(30_999)).toBe(40);
});

test("the budget of a server", () => {
  expect(serverBudget(200, 13)).toBe(168);
  expect(serverBudget(3, 3)).toBe(1);
});
