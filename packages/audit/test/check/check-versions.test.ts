// What several versions say of acceptances: one that means a finding on any version is no mistake.
import { expect, test } from "vitest";
import { mergeReports } from "../../src/check/check-versions.ts";
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
