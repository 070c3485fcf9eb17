/** Instances that come, go, are killed or cut off: together never over the budget, and a lost lease leaves the static share. */
import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { serverBudget, staticShare } from "../../../src/fleet/lease/budget-lease.ts";
import { memoryLeases } from "../../../src/fleet/lease/memory-leases.ts";
import { ShareHolder } from "../../../src/fleet/lease/share-holder.ts";

interface Instance {
  readonly name: string;
  holder: ShareHolder;
  alive: boolean;
  cutOff: boolean;
  held: number;
  /** An answer on its way. */
  answer: (() => void) | undefined;
}

const step = fc.record({
  waitMs: fc.oneof({ weight: 4, arbitrary: fc.nat(2000) }, { weight: 1, arbitrary: fc.nat(45_000) }),
  who: fc.nat(3),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("ask", "hear", "ask and hear") },
    { weight: 1, arbitrary: fc.constantFrom("kill", "cut off", "leave", "join again", "join again", "join again") },
  ),
  wanted: fc.nat(80),
  held: fc.nat(80),
});

test("never over the budget: killed, cut off, back again, or with an answer that comes late", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 100, size: "max" }),
      fc.integer({ min: 8, max: 100 }),
      fc.integer({ min: 2, max: 4 }),
      async (steps, budget, count) => {
        let now = 0;
        const leases = memoryLeases({ budget, instances: count }, () => now);
        const all = Array.from({ length: count }, (_, i): Instance => {
          const holder = new ShareHolder(staticShare(budget, count));
          return { name: `i${i}`, holder, alive: true, cutOff: false, held: 0, answer: undefined };
        });
        const ask = async ({ name, holder, held, ...one }: Instance, wanted: number): Promise<() => void> => {
          const askedAt = now;
          const grant = await leases.renew({ server: "s", instance: name, held, share: holder.share(now), wanted });
          return () => void (one.alive && holder.granted(grant, askedAt));
        };
        for (const { waitMs, who, what, wanted, held } of steps) {
          now += waitMs;
          const one = all[who % count]!;
          if (what === "kill") [one.alive, one.held, one.answer] = [false, 0, undefined];
          else if (what === "cut off") [one.cutOff, one.answer] = [true, undefined];
          else if (what === "join again") {
            // A new process knows of no lease.
            if (!one.alive) one.holder = new ShareHolder(staticShare(budget, count));
            [one.alive, one.cutOff] = [true, false];
          } else if (what === "leave" && one.alive && !one.cutOff) {
            [one.alive, one.held, one.answer] = [false, 0, undefined];
            await leases.release("s", one.name);
          } else if (one.alive && !one.cutOff) {
            // It has less than it may, and opens the rest while the answer is on its way.
            one.held = Math.min(one.held, held);
            if (what !== "hear") one.answer ??= await ask(one, wanted);
            if (what !== "ask") {
              one.answer?.();
              one.answer = undefined;
            }
          }
          // Everybody opens all that it may, and gives back what it may no more.
          for (const each of all) if (each.alive) each.held = each.holder.share(now);
          const sum = all.reduce((total, each) => total + each.held, 0);
          expect(sum).toBeLessThanOrEqual(budget);
        }
      },
    ),
    propertyRun(600),
  );
});

test("a killed instance's lease goes to the others when it has run out, but for its static share", async () => {
  let now = 0;
  const leases = memoryLeases({ budget: 60, instances: 2 }, () => now);
  const renew = async (instance: string, held: number): Promise<number> =>
    (await leases.renew({ server: "s", instance, held, share: held, wanted: 60 })).share;
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

test("a smaller share is in force when its holder says so, not when it was granted", async () => {
  const leases = memoryLeases({ budget: 60, instances: 2 }, () => 0);
  const renew = async (instance: string, held: number, share: number): Promise<number> =>
    (await leases.renew({ server: "s", instance, held, share, wanted: 60 })).share;
  expect(await renew("a", 0, 15)).toBe(45);
  expect(await renew("b", 0, 15)).toBe(15);
  // The answer is on its way; until it is there a may open all of its 45.
  expect(await renew("a", 5, 45)).toBe(30);
  expect(await renew("b", 15, 15)).toBe(15);
  expect(await renew("a", 5, 30)).toBe(30);
  expect(await renew("b", 15, 15)).toBe(30);
});

test("held beyond the share still counts", async () => {
  const leases = memoryLeases({ budget: 60, instances: 2 }, () => 0);
  await leases.renew({ server: "s", instance: "a", held: 50, share: 45, wanted: 60 });
  expect((await leases.renew({ server: "s", instance: "b", held: 0, share: 0, wanted: 60 })).share).toBe(10);
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
