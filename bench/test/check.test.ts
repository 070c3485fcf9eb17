// The project that bench:check measures is what the report says it is, and its figures are judged as the issue has them.
import { expect, test } from "vitest";
import type { CheckResult } from "../src/check/measure.ts";
import { projectOf } from "../src/check/project.ts";
import { judgeCheck } from "../src/report/check-report.ts";

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

test.each([50, 200, 500])("a project of %i tables", (tables) => {
  const project = projectOf(tables);
  const text = Object.values(project).join("\n");
  expect(count(text, /^create table app\.\w+ \($/gm) + count(text, /^create table app\.\w+ \(id /gm)).toBe(tables);
  expect(new Set([...text.matchAll(/^create table app\.(\w+)/gm)].map(([, name]) => name)).size).toBe(
    count(text, /^create table /gm),
  );
  const owned = count(text, /^  tenant_id uuid not null/gm) / tables;
  expect(owned).toBeGreaterThan(0.5);
  expect(owned).toBeLessThan(0.7);
  for (const [what, pattern] of Object.entries({
    policies: /^create policy /gm,
    "composite keys": /foreign key \(tenant_id, /g,
    views: /^create view /gm,
    functions: /^create function /gm,
    partitions: / partition of /g,
    children: /^  parent_tenant uuid not null/gm,
  }))
    expect(count(text, pattern), what).toBeGreaterThan(tables / 50);
  expect(Object.keys(project)).toEqual(Object.keys(project).toSorted());
  expect(Object.keys(project).length).toBeGreaterThan(tables / 10);
  expect(projectOf(tables)).toEqual(project);
});

test("figures that are missed are said to be", () => {
  const result = { tables: 50, wallMs: 8_001, peakMb: 501 } as CheckResult;
  expect(judgeCheck([result]).map(({ met }) => met)).toEqual([false, false]);
  expect(judgeCheck([{ ...result, wallMs: 8_000, peakMb: 500 }]).map(({ met }) => met)).toEqual([true, true]);
  expect(judgeCheck([{ ...result, tables: 500 }])).toHaveLength(1);
});
