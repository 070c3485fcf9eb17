// What several versions say of acceptances: one that means a finding on any version is no mistake.
import { expect, test } from "vitest";
import { mergeReports } from "../../src/check/check-versions.ts";
import type { Cell } from "../../src/matrix/matrix.ts";
import { exitCodeOf } from "../../src/report/order.ts";
import type { Report, ReportWarning } from "../../src/report/report.ts";
import { finding, sampleReport } from "../report/sample-report.ts";

const warning = (at: number, kind: ReportWarning["kind"]): ReportWarning => ({
  code: "WT_CONFIG_ACCEPT",
  kind,
  where: `watertight.config.ts: accept[${at}]`,
  file: "watertight.config.ts",
  line: null,
  id: "B21 posts",
  text: "accepts nothing",
});
const report = (warnings: ReportWarning[], fixable: string[]): Report => ({ ...sampleReport(), warnings, fixable });

test("an acceptance is idle only where it is so on each version; what has run out has run out", () => {
  const first = report([warning(0, "unmatched"), warning(1, "unmatched"), warning(2, "expired")], ["A1-invoices"]);
  const second = report([warning(1, "unmatched"), warning(2, "expired")], ["E1-x"]);
  const merged = mergeReports(first, { ...second, findings: [finding({ id: "E1-x" })] }, 15);
  expect(merged.warnings.map(({ where }) => where)).toEqual([
    "watertight.config.ts: accept[1]",
    "watertight.config.ts: accept[2]",
  ]);
  expect(merged.fixable).toEqual(["A1-invoices", "E1-x"]);
});

test("a version on which nothing was decided, or one cell was not, is not covered by another", () => {
  const base = { ...sampleReport([]), seed: "x" };
  const [first] = base.matrix.cells;
  const cells = (verdict: Cell["verdict"]): Cell[] => [{ ...first!, verdict, reason: null, attempts: [] }];
  const on = (verdict: Cell["verdict"]): Report => ({
    ...base,
    matrix: { ...base.matrix, notes: [], cells: cells(verdict) },
  });
  const verdicts = (merged: Report): unknown[] => merged.matrix.cells.map(({ verdict, reason }) => [verdict, reason]);

  expect(verdicts(mergeReports(on("BLOCKED"), on("BLOCKED"), 15))).toEqual([["BLOCKED", null]]);
  expect(verdicts(mergeReports(on("BLOCKED"), on("UNRELIABLE"), 15))).toEqual([
    ["UNVERIFIED", expect.stringContaining("on PostgreSQL 15: The attacks decided nothing")],
  ]);
  const note = { vector: "", text: "No attack ran: no role may log in", attempt: null };
  const without: Report = { ...base, matrix: { ...base.matrix, cells: [], notes: [note] } };
  const merged = mergeReports(on("BLOCKED"), without, 15);
  expect(verdicts(merged)).toEqual([["UNVERIFIED", expect.stringContaining("No attack could begin")]]);
  expect(merged.matrix.notes.map(({ text }) => text)).toEqual([`on PostgreSQL 15: ${note.text}`]);
  expect(exitCodeOf(merged, "high", false)).toBe(3);
});
