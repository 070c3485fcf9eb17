/**
 * The planted-flaw database: a helpdesk with a flaw at every mark of flawed.sql, and its clean twin. Everything is found on the first and laid to the
 * right statement, nothing but the design's own notes on the twin, and both PostgreSQL versions say the same.
 */
import { describeServers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/report/report.ts";
import { rules } from "../../src/rules/index.ts";
import { consequences, differences, notes, notPlanted } from "./expected.ts";
import { judge, type Judged, marksOf, readTwin, type Twin } from "./planted.ts";

const marks = marksOf(await readTwin("flawed"));
const marked = new Set(marks.map(({ id }) => id));
const judgements = new Map<string, Promise<Judged>>();

/** Each file once on each version, for all tests. */
function judged(server: { readonly version: number }, name: Twin): Promise<Judged> {
  const key = `${name} ${server.version === 15 ? 15 : 18}`;
  const found = judgements.get(key) ?? judge(server, name);
  judgements.set(key, found);
  return found;
}

const isError = ({ severity }: Finding): boolean => severity === "critical" || severity === "high";
const words = (findings: readonly Finding[]): string[] =>
  findings.map(({ id, severity, place, message }) => `${severity} ${id} (line ${place?.line ?? "?"}): ${message}`);

describe("what is planted", () => {
  test("at least 40 vectors, each mark once", () => {
    expect(marked.size).toBe(marks.length);
    expect(new Set(marks.map(({ vector }) => vector)).size).toBeGreaterThanOrEqual(40);
  });

  test("all families from A to H", () => {
    const families = new Set(marks.map(({ vector }) => vector.slice(0, 1)));
    expect([...families].sort()).toEqual(expect.arrayContaining("ABCDEFGH".split("")));
  });

  test("a flaw for every rule, or the reason why not", () => {
    const planted = new Set([...marks.map(({ vector }) => vector), ...Object.keys(notPlanted)]);
    const told = Object.keys(notes).map((id) => id.split("-")[0]);
    expect(rules.map(({ id }) => id).filter((id) => !planted.has(id) && !told.includes(id))).toEqual([]);
    expect(Object.keys(notPlanted).filter((id) => marks.some(({ vector }) => vector === id))).toEqual([]);
  });
});

describeServers((server) => {
  test.for(["flawed", "clean"] as const)("%s.sql replays without a statement that fails", async (name) => {
    expect((await judged(server, name)).notRun).toEqual([]);
  });

  test("every flaw is found", async () => {
    const found = new Set((await judged(server, "flawed")).findings.map(({ id }) => id));
    expect([...marked].filter((id) => !found.has(id))).toEqual([]);
  });

  test("every flaw is laid to the statement under its mark", async () => {
    const { findings } = await judged(server, "flawed");
    const elsewhere = marks.flatMap(({ id, line, blamed }) => {
      const place = findings.find((finding) => finding.id === id)?.place;
      if (!place) return [`${id}: no place`];
      const right = blamed === null ? place.line < line : place.line === blamed;
      return right ? [] : [`${id}: line ${place.line}, and not ${blamed ?? `above ${line}`}`];
    });
    expect(elsewhere).toEqual([]);
  });

  test("nothing else of error level is found, but what the flaws bring along", async () => {
    const { findings } = await judged(server, "flawed");
    const others = findings.filter((finding) => isError(finding) && !marked.has(finding.id));
    expect(words(others.filter(({ id }) => consequences[id] === undefined))).toEqual([]);
  });

  test("the clean twin has nothing above a note", async () => {
    const { findings } = await judged(server, "clean");
    expect(words(findings.filter(({ severity }) => severity !== "info"))).toEqual([]);
    expect(findings.map(({ id }) => id).sort()).toEqual(Object.keys(notes).sort());
  });
});

describe("15 and 18", () => {
  test.for(["flawed", "clean"] as const)("find the same in %s.sql", async (name) => {
    const said = async (version: number): Promise<Set<string>> =>
      new Set((await judged({ version }, name)).findings.map(({ id, severity }) => `${id} ${severity}`));
    const [on15, on18] = [await said(15), await said(18)];
    const only = (some: Set<string>, others: Set<string>): string[] => [...some].filter((each) => !others.has(each));
    const expected = name === "flawed" ? differences : [];
    expect(only(on15, on18).sort()).toEqual(expected.flatMap((each) => each.on15 ?? []).sort());
    expect(only(on18, on15).sort()).toEqual(expected.flatMap((each) => each.on18 ?? []).sort());
  });
});
