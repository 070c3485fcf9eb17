// The published schemas: up to date, they take what the program writes, and refuse what it would not.
import { expect, test } from "vitest";
import { jsonDocument, jsonReport } from "../../src/report/json.ts";
import type { Report } from "../../src/report/report.ts";
import { reportJsonSchema, reportSchema } from "../../src/report/report-schema.ts";
import { sarifReport } from "../../src/report/sarif.ts";
import { finding, nasty, sampleReport } from "./sample-report.ts";
import { publishedSchema, reportProblems, sarifProblems } from "./schemas.ts";

const accepted = { reason: "shared on purpose", until: "2027-01-01", where: "watertight.config.ts: accept[0]" };
const mean: Report = {
  ...sampleReport([
    finding({ message: nasty, fix: nasty, object: { kind: "policy", schema: "app", name: nasty, part: nasty } }),
    finding({ id: "B1-x", vector: "B1", verdict: "UNVERIFIED", severity: "medium", place: null, attempt: null }),
    finding({ id: "C8-x", vector: "C8", severity: "info", accepted, known: true }),
    finding({
      id: "CVE-1-server",
      vector: "CVE-2026-1",
      known: true,
      object: { kind: "server", schema: "", name: "server" },
    }),
  ]),
  seed: "0123",
  run: { at: "2026-11-21T10:20:30.123Z", commit: null },
  warnings: [
    { code: "WT_CONFIG_ACCEPT", kind: "expired", where: nasty, file: nasty, line: null, id: "B1 x", text: nasty },
    { code: "WT_CONFIG_ACCEPT", kind: "invalid", where: "a.sql:3", file: "a.sql", line: 3, id: "B1", text: nasty },
  ],
  live: {
    role: "app",
    unreadable: [{ what: "roles", why: nasty }],
    rulesNotRun: ["A12"],
    probes: [{ cve: "CVE-2026-1", title: "x", verdict: "could not tell", evidence: nasty }],
  },
};

test("report.schema.json is what zod says (otherwise: npm run config-schema)", () => {
  expect(publishedSchema).toEqual(reportJsonSchema());
});

test("a report fits, and zod knows every field of it", () => {
  const document = JSON.parse(jsonReport(mean));
  expect(reportProblems(document)).toEqual([]);
  expect(reportSchema.parse(document)).toEqual(document);
  expect(document).toEqual(JSON.parse(JSON.stringify(jsonDocument(mean))));
});

test.each<[what: string, change: (document: any) => void]>([
  ["another version", (document) => (document.schemaVersion = 2)],
  ["a finding without its verdict", (document) => delete document.findings[0].verdict],
  ["an unknown verdict", (document) => (document.matrix[0].verdict = "PROVEN")],
  ["an unknown severity", (document) => (document.findings[0].severity = "bad")],
  ["a line that is none", (document) => (document.findings[0].line = 0)],
  ["a warning of an unknown kind", (document) => (document.warnings[0].kind = "odd")],
  ["no statements", (document) => delete document.statements],
])("%s does not fit", (_, change) => {
  const document = JSON.parse(jsonReport(mean));
  change(document);
  expect(reportProblems(document)).not.toEqual([]);
});

test("SARIF fits the official schema, a broken one does not", () => {
  const log = JSON.parse(sarifReport(mean, { file: "watertight.config.ts", line: 1 }));
  expect(sarifProblems(log)).toEqual([]);
  log.runs[0].results[0].level = "bad";
  expect(sarifProblems(log)).not.toEqual([]);
});
