/** The scheduler in virtual time: never over budget, nobody starves, first in first out for each tenant, and what it decides in plain cases. */
import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { simulateLru } from "../../../src/fleet/budget/lru-simulation.ts";
import { type Call, SimulatedServer } from "./simulated-server.ts";

let numbers = 0;
const call = (tenant: string, key: string, serviceMs: number = 5, limits: Call["limits"] = {}): Call => ({
  tenant,
  key,
  serviceMs,
  limits,
  number: numbers++,
});

const workload = fc.array(
  fc.record({
    at: fc.nat(2000),
    tenant: fc.integer({ min: 0, max: 12 }),
    role: fc.constantFrom("rw", "ro"),
    serviceMs: fc.nat(60),
    weight: fc.integer({ min: 1, max: 5 }),
    reserved: fc.nat(2),
  }),
  { maxLength: 300, size: "max" },
);
const shape = fc.record({
  budget: fc.integer({ min: 1, max: 12 }),
  databases: fc.integer({ min: 1, max: 13 }),
  connectRate: fc.constantFrom(20, 100, 1000),
  connectBurst: fc.integer({ min: 1, max: 20 }),
  holdMs: fc.constantFrom(0, 20, 200),
  patienceMs: fc.constantFrom(0, 25, 100),
  idleTimeoutMs: fc.constantFrom(50, 60_000),
  resizes: fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 1, max: 12 })), { maxLength: 4, size: "max" }),
});

describe("always", () => {
  test("within budget, everybody served in the end, first in first out for each tenant and database", () => {
    fc.assert(
      fc.property(workload, shape, (calls, { databases, resizes, ...options }) => {
        const server = new SimulatedServer(options);
        const all: Call[] = [];
        for (const { at, tenant, role, serviceMs, weight, reserved } of calls) {
          server.at(at, () => {
            const one = call(`t${tenant}`, `d${tenant % databases}|${role}`, serviceMs, { weight, reserved });
            all.push(one);
            server.submit(one);
          });
        }
        for (const [at, budget] of resizes) server.at(at, () => server.scheduler.resize(budget, server.now));
        server.run();
        expect(server.rejected).toEqual([]);
        expect(server.granted.map(({ call: { number } }) => number).toSorted((a, b) => a - b)).toEqual(
          all.map(({ number }) => number).toSorted((a, b) => a - b),
        );
        const last = new Map<string, number>();
        for (const { call: one } of server.granted) {
          const lane = `${one.tenant} ${one.key}`;
          expect(one.number).toBeGreaterThan(last.get(lane) ?? -1);
          last.set(lane, one.number);
        }
        expect(server.scheduler.waiting).toBe(0);
        expect(server.scheduler.totals.granted).toBe(all.length);
      }),
      propertyRun(300),
    );
  });

  test("a call is served or refused by its deadline", () => {
    fc.assert(
      fc.property(workload, shape, fc.integer({ min: 1, max: 300 }), (calls, { databases, ...options }, deadline) => {
        const server = new SimulatedServer({ ...options, queueTimeoutMs: deadline, queueLimit: 20 });
        const since = new Map<Call, number>();
        for (const { at, tenant, serviceMs } of calls)
          server.at(at, () => {
            const one = call(`t${tenant}`, `d${tenant % databases}`, serviceMs);
            since.set(one, server.now);
            server.submit(one);
          });
        server.run();
        expect(server.granted.length + server.rejected.length).toBe(calls.length);
        for (const { waitedMs } of server.granted) expect(waitedMs).toBeLessThanOrEqual(deadline);
        for (const { call: one, at, code } of server.rejected)
          if (code === "WT_QUEUE_TIMEOUT") expect(at - since.get(one)!).toBe(deadline);
      }),
      propertyRun(200),
    );
  });
});

describe("in plain cases", () => {
  test("two tenants in turns on one connection: both are served, and not with a connect for each call", () => {
    const server = new SimulatedServer({ budget: 1 });
    for (let at = 0; at < 2000; at += 4)
      server.at(at, () => {
        server.submit(call("a", "A", 3));
        server.submit(call("b", "B", 3));
      });
    server.run(2000);
    const served = (tenant: string): number => server.granted.filter(({ call: one }) => one.tenant === tenant).length;
    expect(served("a")).toBeGreaterThan(50);
    expect(served("b")).toBeGreaterThan(50);
    // Without waiting on the warm connection it would be one connect for one call.
    expect(server.scheduler.totals.opened * 3).toBeLessThan(server.granted.length);
    const greedy = new SimulatedServer({ budget: 1, holdMs: 0, patienceMs: 0 });
    for (let at = 0; at < 2000; at += 4)
      greedy.at(at, () => {
        greedy.submit(call("a", "A", 3));
        greedy.submit(call("b", "B", 3));
      });
    greedy.run(2000);
    expect(greedy.granted.length).toBeLessThan(server.granted.length / 1.5);
  });

  test("a reserved connection stays, others are closed for room", () => {
    const server = new SimulatedServer({ budget: 3 });
    server.submit(call("vip", "V", 1, { reserved: 1 }));
    for (let i = 0; i < 50; i++) server.at(100 + i * 100, () => server.submit(call(`t${i}`, `D${i}`, 1)));
    server.at(10_000, () => server.submit(call("vip", "V", 1, { reserved: 1 })));
    server.run();
    expect(server.scheduler.totals.opened).toBe(51);
    const plain = new SimulatedServer({ budget: 3 });
    plain.submit(call("vip", "V", 1));
    for (let i = 0; i < 50; i++) plain.at(100 + i * 100, () => plain.submit(call(`t${i}`, `D${i}`, 1)));
    plain.at(10_000, () => plain.submit(call("vip", "V", 1)));
    plain.run();
    expect(plain.scheduler.totals.opened).toBe(52);
  });

  test("reservations can't take the last connection from the others", () => {
    const server = new SimulatedServer({ budget: 2 });
    for (const name of ["a", "b", "c"]) server.submit(call(name, name, 1, { reserved: 2 }));
    server.run();
    server.submit(call("other", "other", 1));
    server.run();
    expect(server.granted).toHaveLength(4);
    expect(server.scheduler.reservations.refused).toBe(5);
  });

  test("connects are rationed", () => {
    const server = new SimulatedServer({ budget: 100, connectRate: 10, connectBurst: 5 });
    for (let i = 0; i < 60; i++) server.submit(call(`t${i}`, `D${i}`, 1));
    server.run(2000);
    expect(server.scheduler.totals.opened).toBeGreaterThanOrEqual(24);
    expect(server.scheduler.totals.opened).toBeLessThanOrEqual(26);
  });

  test("weights share a busy server", () => {
    const server = new SimulatedServer({ budget: 2 });
    for (let i = 0; i < 2000; i++) {
      server.submit(call("big", "D", 10, { weight: 3 }));
      server.submit(call("small", "D", 10));
    }
    server.run(3000);
    const served = (tenant: string): number => server.granted.filter(({ call: one }) => one.tenant === tenant).length;
    expect(served("big") / served("small")).toBeGreaterThan(2.5);
    expect(served("big") / served("small")).toBeLessThan(3.5);
  });

  test("the noisy one leaves connections to the quiet ones, in one line it does not", () => {
    const worst = (order: "fair" | "fifo"): number => {
      const server = new SimulatedServer({ budget: 10, order });
      const noisy = (): void => {
        server.submit(call("noisy", "D", 20));
        if (server.now < 5000) server.at(server.now + 22, noisy);
      };
      for (let i = 0; i < 200; i++) noisy();
      for (let tenant = 0; tenant < 20; tenant++)
        for (let at = tenant * 10; at < 5000; at += 200)
          server.at(at, () => server.submit(call(`quiet${tenant}`, "D", 20)));
      server.run(5000);
      const waits = server.granted
        .filter(({ call: one, at }) => one.tenant.startsWith("quiet") && at > 1000)
        .map(({ waitedMs }) => waitedMs)
        .toSorted((a, b) => a - b);
      return waits[Math.floor(waits.length * 0.99)]!;
    };
    expect(worst("fair")).toBeLessThanOrEqual(20);
    expect(worst("fifo")).toBeGreaterThan(100);
  });

  test("queue limit: the call after it is refused, with a time to come back", () => {
    const server = new SimulatedServer({ budget: 1, queueLimit: 3 });
    for (let i = 0; i < 10; i++) server.submit(call("a", "A", 5));
    server.submit(call("b", "A", 5));
    // The first one waits for its connection.
    expect(server.rejected.map(({ code }) => code)).toEqual(Array.from({ length: 7 }, () => "WT_QUEUE_FULL"));
    server.run();
    expect(server.granted).toHaveLength(4);
  });

  test("an idle connection is closed in the end, a failed connect tells the one who waited for it", () => {
    const server = new SimulatedServer({ idleTimeoutMs: 100 });
    const { scheduler } = server;
    server.submit(call("a", "A", 1));
    server.run();
    expect(scheduler.slots.all.size).toBe(1);
    expect(scheduler.tick(server.now + 100)).toBe(undefined);
    expect([...scheduler.slots.all].map(({ state }) => state)).toEqual(["closing"]);
    const one = call("b", "B", 1);
    server.submit(one);
    const [opening] = [...scheduler.slots.all].filter(({ state }) => state === "opening");
    expect(scheduler.failed(opening!, server.now)).toBe(one);
    scheduler.gone(opening!, server.now);
    expect(scheduler.waiting).toBe(0);
  });

  test("hit rate of one call at a time is that of an LRU", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 300, size: "max" }),
        fc.integer({ min: 1, max: 12 }),
        (keys, budget) => {
          const server = new SimulatedServer({ budget, holdMs: 0, idleTimeoutMs: 1e9 });
          keys.forEach((key, i) => server.at(i * 100, () => server.submit(call(`t${key}`, `D${key}`, 1))));
          server.run();
          expect(server.scheduler.totals.opened).toBe(simulateLru(keys.map(String), budget).misses);
        },
      ),
      propertyRun(100),
    );
  });

  test("the suggested budget is one with which the load fits", () => {
    const server = new SimulatedServer({ budget: 10 });
    for (let i = 0; i < 2500; i++) server.at(i * 10, () => server.submit(call(`t${i % 40}`, `D${i % 40}`, 1)));
    server.run(25_000);
    const report = server.scheduler.workingSet.report(10, server.now);
    expect(report.hitRate).toBeLessThan(0.05);
    expect(report.suggestedBudget).toBe(40);
  });
});
