// Bounded memory, and nobody who uses much is missing: checked against exact sums.
import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fleetMetrics } from "../../../src/fleet/usage/fleet-metrics.ts";
import { HeavyHitters } from "../../../src/fleet/usage/heavy-hitters.ts";
import { TenantUsage } from "../../../src/fleet/usage/tenant-usage.ts";

test("whoever has more than a part of all is in, and no value is too small, nor too large by more than it says", () => {
  const event = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 1000 }));
  fc.assert(
    fc.property(fc.array(event, { maxLength: 600 }), fc.integer({ min: 1, max: 20 }), (events, capacity) => {
      const kept = new HeavyHitters(capacity);
      const exact = new Map<string, number>();
      for (const [n, weight] of events) {
        kept.add(`t${n}`, weight);
        exact.set(`t${n}`, (exact.get(`t${n}`) ?? 0) + weight);
      }
      const top = kept.top(Infinity);
      const sum = [...exact.values()].reduce((all, each) => all + each, 0);
      expect([kept.total, top.length <= capacity]).toEqual([sum, true]);
      expect(top.map(({ value }) => value)).toEqual(top.map(({ value }) => value).toSorted((a, b) => b - a));
      for (const { key, value, over } of top) {
        expect(value).toBeGreaterThanOrEqual(exact.get(key)!);
        expect(value - over).toBeLessThanOrEqual(exact.get(key)!);
        expect(over).toBeLessThanOrEqual(sum / capacity);
      }
      const names = new Set(top.map(({ key }) => key));
      for (const [key, value] of exact) if (value > sum / capacity) expect([key, names.has(key)]).toEqual([key, true]);
    }),
    propertyRun(300),
  );
});

test("a hundred thousand tenants take no more room than a few", () => {
  const usage = new TenantUsage(50);
  const kept = new HeavyHitters(200);
  for (let n = 0; n < 100_000; n++) {
    for (const tenant of [`noise-${n}`, `heavy-${n % 5}`]) {
      usage.add("calls", tenant, 1);
      kept.add(tenant, 1);
    }
  }
  expect(kept.size).toBe(200);
  const { calls, rows } = usage.report();
  expect(calls.top).toHaveLength(50);
  expect(
    calls.top
      .slice(0, 5)
      .map(({ key }) => key)
      .toSorted(),
  ).toEqual([0, 1, 2, 3, 4].map((n) => `heavy-${n}`));
  expect(calls.top[0]!.value).toBeGreaterThanOrEqual(20_000);
  expect(calls.top[0]!.value - 20_000).toBeLessThanOrEqual(calls.errorAtMost);
  expect([calls.total, calls.errorAtMost]).toEqual([200_000, 1000]);
  expect(rows).toEqual({ total: 0, errorAtMost: 0, top: [] });
});

test("what is no amount counts nothing", () => {
  const kept = new HeavyHitters(2);
  for (const weight of [0, -1, NaN, Infinity]) kept.add("a", weight);
  expect([kept.size, kept.total]).toEqual([0, 0]);
});

test("a tenant is a label only where it was asked for, and whatever its id holds", () => {
  expect(fleetMetrics({ servers: [] })).not.toContain("tenant");
  const usage = new TenantUsage(2);
  for (const tenant of ['a"b\\\n', "c", "d"]) usage.add("milliseconds", tenant, 1500);
  usage.add("milliseconds", "c", 500);
  const text = fleetMetrics({ servers: [], perTenant: usage.report() });
  expect(text).toContain('watertight_tenant_seconds{tenant="c"} 2\n');
  expect(text).toContain('watertight_tenant_seconds{tenant="a\\"b\\\\\\n"} 1.5\n');
  expect(text).not.toContain('"d"');
  expect(text).toContain("watertight_tenant_seconds_all 5\n");
  for (const line of text.trimEnd().split("\n"))
    expect(line).toMatch(/^# (HELP|TYPE) \w+ .+$|^\w+(\{\w+="([^"\\\n]|\\.)*"\})? [0-9.e+-]+$/);
});
