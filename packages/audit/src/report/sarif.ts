/**
 * SARIF 2.1.0 for code scanning. GitHub refuses the whole file when one result has no place in a file: a finding without one is put at the
 * place that the caller names (the config file or the migration folder's last file).
 * Source: OASIS SARIF 2.1.0; GitHub's "SARIF support for code scanning".
 */
import { rules } from "../rules/index.ts";
import type { Severity } from "../rules/rule.ts";
import { leftOut } from "./ground.ts";
import { objectText, warningText } from "./order.ts";
import type { Finding, Report } from "./report.ts";
import { visibleJson, visibleReport } from "./visible.ts";

const level: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  info: "note",
};
// GitHub sorts by it: over 9 critical, over 7 high, over 4 medium.
const score: Readonly<Record<Severity, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "3.0",
  info: "1.0",
};

/** Where a finding without a place is shown. */
export interface Anchor {
  /** Relative to the repository, with forward slashes. */
  readonly file: string;
  readonly line: number;
}

/** The SARIF log as text. */
export function sarifReport(raw: Report, anchor: Anchor): string {
  const report = visibleReport(raw);
  const ids = [...new Set(report.findings.map(({ vector }) => vector))];
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "watertight",
            semanticVersion: semantic(report.tool.version),
            rules: ids.map((id) => ruleOf(id, report)),
          },
        },
        columnKind: "utf16CodeUnits",
        results: report.findings.map((finding) => resultOf(finding, ids.indexOf(finding.vector), anchor)),
        invocations: [
          {
            executionSuccessful: true,
            ...(report.run === undefined ? {} : { endTimeUtc: report.run.at }),
            // versionControlProvenance would want the address of the repository, which nobody told
            ...(report.run?.commit ? { properties: { commit: report.run.commit } } : {}),
            toolExecutionNotifications: [
              ...report.statements.failed.map(({ file, line, reason }) => ({
                level: "warning",
                message: { text: `Not replayed: ${reason}` },
                locations: [location({ file, line })],
              })),
              ...report.warnings.map((warning) => ({
                level: "warning",
                message: { text: warningText(warning) },
                locations: [location({ file: warning.file, line: warning.line ?? 1 })],
              })),
              ...leftOut(report).map((text) => ({ level: "note", message: { text } })),
            ],
          },
        ],
      },
    ],
  };
  return `${visibleJson(log, 2)}\n`;
}

function semantic(version: string): string {
  return /^\d+\.\d+\.\d+/.test(version) ? version : "0.0.0";
}

function ruleOf(id: string, report: Report): object {
  const rule = rules.find((each) => each.id === id);
  const first = report.findings.find(({ vector }) => vector === id)!;
  const worst = report.findings.filter(({ vector }) => vector === id).map(({ severity }) => severity);
  const severity = (Object.keys(score) as Severity[]).find((each) => worst.includes(each))!;
  return {
    id,
    name: (rule?.slug ?? id).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: rule?.title ?? first.title },
    fullDescription: { text: rule?.title ?? first.title },
    help: { text: `Run: watertight explain ${id}`, markdown: `Run \`watertight explain ${id}\`.` },
    defaultConfiguration: { level: level[severity] },
    properties: { "security-severity": score[severity], tags: ["security", "tenant-isolation"] },
  };
}

function resultOf(finding: Finding, ruleIndex: number, anchor: Anchor): object {
  const place = finding.place ?? { file: anchor.file, line: anchor.line, column: 1 };
  return {
    ruleId: finding.vector,
    ruleIndex,
    level: level[finding.severity],
    kind: "fail",
    message: { text: `${finding.verdict}: ${finding.message} Fix: ${finding.fix}` },
    locations: [
      {
        ...location(place),
        logicalLocations: [{ fullyQualifiedName: objectText(finding), kind: finding.object.kind }],
      },
    ],
    // By rule and object, never by line: a finding stays the same one when the file grows.
    partialFingerprints: { "watertight/v1": finding.id },
    ...(finding.accepted === null
      ? finding.known && finding.verdict !== "LEAK"
        ? { suppressions: [{ kind: "external", status: "accepted", justification: "In the baseline." }] }
        : {}
      : {
          suppressions: [
            {
              kind: finding.accepted.where.includes("accept[") ? "external" : "inSource",
              status: "accepted",
              justification: `${finding.accepted.reason} (until ${finding.accepted.until})`,
            },
          ],
        }),
    properties: { verdict: finding.verdict, severity: finding.severity },
  };
}

function location({ file, line, column }: { file: string; line: number; column?: number }): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "%SRCROOT%" },
      region: { startLine: Math.max(1, line), ...(column === undefined ? {} : { startColumn: Math.max(1, column) }) },
    },
  };
}
