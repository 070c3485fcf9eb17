/** The keeper of a lease: renews, tells of changes, and outlives a store that fails or never answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { BudgetLease, LeaseGrant } from "../../../src/fleet/index.ts";
import { fleetSettings } from "../../../src/fleet/options.ts";
import { LeaseKeeper } from "../../../src/fleet/pg/lease-keeper.ts";
import { tenancy } from "../../../src/index.ts";

type Answer = () => Promise<LeaseGrant>;

async function watched(answers: Answer[], ms: number) {
  const released: string[] = [];
  const shares: number[] = [];
  const warnings: string[] = [];
  let asked = 0;
  const off = tenancy.on("warning", ({ message }) => warnings.push(message));
  const leases: BudgetLease = {
    renew: () => answers[Math.min(asked++, answers.length - 1)]!(),
    release: async (server, instance) => void released.push(`${server} ${instance}`),
  };
  const settings = fleetSettings({
    routes: { locate: () => Promise.reject(new Error("none")) },
    budget: 60,
    instances: 2,
    leases,
    instance: "me",
    renewEveryMs: 50,
  });
  const keeper = new LeaseKeeper("s", settings, 15, {
    held: () => 3,
    wanted: () => 9,
    resize: (size) => shares.push(size),
  });
  await sleep(ms);
  const leased = keeper.leased;
  await keeper.end();
  off();
  return { asked, shares, warnings: new Set(warnings), released, leased };
}
const good =
  (share: number, ttlMs: number = 10_000): Answer =>
  async () => ({ share, ttlMs });

test("renews, and tells of changes only", async () => {
  const { asked, shares, released, leased } = await watched([good(40), good(40), good(20)], 300);
  expect(asked).toBeGreaterThanOrEqual(3);
  expect(shares).toEqual([40, 20]);
  expect(leased).toBe(true);
  expect(released).toEqual(["s me"]);
});

test("a store that fails costs the lease when its time is up, not before", async () => {
  const { shares, warnings, leased } = await watched([good(40, 150), () => Promise.reject(new Error("down"))], 500);
  expect(shares).toEqual([40, 15]);
  expect(leased).toBe(false);
  expect([...warnings]).toEqual([
    "lease on connections to s not renewed",
    "lease on connections to s lost; the static share holds",
  ]);
});

test("a store that never answers is asked again", async () => {
  const { asked, shares } = await watched([() => new Promise(() => {}), good(33)], 400);
  expect(asked).toBeGreaterThanOrEqual(2);
  expect(shares).toEqual([33]);
});
