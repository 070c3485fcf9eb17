/**
 * GitLab's Code Quality report: an array of issues. Source: GitLab documentation, "Code Quality report format".
 */
import { createHash } from "node:crypto";
import type { Severity } from "../rules/rule.ts";
import { openFindings } from "./order.ts";
import type { Report } from "./report.ts";
import type { Anchor } from "./sarif.ts";
import { visibleJson, visibleReport } from "./visible.ts";

const words: Readonly<Record<Severity, string>> = {
  critical: "blocker",
  high: "critical",
  medium: "major",
  low: "minor",
  info: "info",
};

/** The JSON text. */
export function gitlabReport(raw: Report, anchor: Anchor): string {
  const report = visibleReport(raw);
  const issues = openFindings(report).map((finding) => ({
    type: "issue",
    check_name: finding.vector,
    description: `${finding.verdict} ${finding.vector}: ${finding.message}`,
    content: { body: block(finding.fix) },
    categories: ["Security"],
    fingerprint: createHash("sha256").update(finding.id).digest("hex"),
    severity: words[finding.severity],
    location: {
      path: finding.place?.file ?? anchor.file,
      lines: { begin: finding.place?.line ?? anchor.line },
    },
  }));
  return `${visibleJson(issues, 2)}\n`;
}

// the body is Markdown, which would join its lines: a comment would swallow the statements behind it
function block(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return `${fence}sql\n${text}\n${fence}`;
}
