// The report's shape and its round trips, from a real run that measures next to nothing. Never the timings: those belong to a quiet machine.
import { servers, sized } from "@watertight/testkit";
import { beforeAll, expect, test } from "vitest";
import { planGroups, type Selection } from "../src/hot-path/plan.ts";
import type { Report } from "../src/hot-path/result.ts";
import { runHotPath } from "../src/hot-path/run.ts";
import { hotPathMarkdown, hotPathText } from "../src/report/hot-path-report.ts";

// Test servers take 200 connections, so the 64 are left out.
const selection: Selection = {
  quick: true,
  ...sized({ connections: [1, 8] }, { connections: [1], transports: ["raw"], cases: ["point", "insert"] }),
};
let report: Report;

beforeAll(async () => {
  const [server] = servers();
  report = await runHotPath(
    { ...selection, postgres: 18, cellMs: 1, rows: sized(20_000, 2000), server: server! },
    () => {},
  );
}, 240_000);

test("has exactly one result for each combination of the plan", () => {
  const key = (...parts: unknown[]): string => parts.join(" ");
  const planned = planGroups(selection).flatMap(({ driver, transport, connections, cases, variants }) =>
    cases.flatMap((name) => variants.map((variant) => key(driver, variant, name, transport, connections))),
  );
  const found = report.results.map((it) => key(it.driver, it.variant, it.case, it.transport, it.connections));
  expect(found.toSorted()).toEqual(planned.toSorted());
});

test("every figure is there", () => {
  for (const result of report.results) {
    for (const field of ["p50Us", "p95Us", "qps", "ratio", "qpsRatio", "samples"] as const)
      expect(result[field], field).toBeGreaterThan(0);
    expect(result.p95Us).toBeGreaterThanOrEqual(result.p50Us);
    if (result.serverCpuUs !== null) expect(result.serverCpuUs).toBeGreaterThan(0);
    if (result.driver === "pglite") expect(result.serverCpuUs).toBeNull();
    if (result.variant === "unscoped") expect(result.ratio).toBe(1);
  }
  expect(report.machine).toMatchObject({ cores: expect.any(Number), cpu: expect.any(String) });
  expect(report.versions).toMatchObject({
    node: process.versions.node,
    postgres: expect.stringMatching(/^\d+\./),
    pg: expect.stringMatching(/^8\./),
  });
});

test("ratio is the median against unscoped of the same driver, case, transport and connections", () => {
  for (const it of report.results) {
    const base = report.results.find(
      (one) =>
        one.variant === "unscoped" &&
        one.driver === it.driver &&
        one.case === it.case &&
        one.transport === it.transport &&
        one.connections === it.connections,
    );
    expect(it.ratio).toBeCloseTo(it.p50Us / base!.p50Us, 2);
  }
});

test("a scoped query is one round trip under every driver; by hand it is four", () => {
  for (const { driver, variant, case: name, roundTrips } of report.results) {
    const label = `${driver} ${variant} ${name}`;
    if (["plain", "sealed", "hostile"].includes(variant)) expect(roundTrips, label).toBe(1);
    // The counter can count more than one: without this the line above would prove nothing.
    if (variant === "awaited") expect(roundTrips, label).toBeGreaterThanOrEqual(4);
  }
  expect(report.goals[0]).toMatchObject({ goal: "exactly 1", met: true });
});

test("survives JSON and has tables for people", () => {
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(hotPathText(report)).toContain(`of ${report.goals.length} figures reached`);
  expect(hotPathMarkdown(report)).toContain("| pglite | raw | 1 | insert | hostile |");
});
