/**
 * GitHub's workflow commands (annotations) and the job summary. A step may show ten annotations of a kind: the worst come first, one line
 * tells how many more there are. Must never let a message end its command: line ends, colons and commas are escaped as GitHub wants.
 */
import { randomBytes } from "node:crypto";
import type { Severity } from "../rules/rule.ts";
import { markdownReport } from "./markdown.ts";
import { objectText, openFindings, warningText } from "./order.ts";
import type { Finding, Report } from "./report.ts";
import { visibleReport } from "./visible.ts";

const kinds: Readonly<Record<Severity, "error" | "warning" | "notice">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "notice",
  info: "notice",
};
const mostOfAKind = 10;

/** The lines for stdout. */
export function githubAnnotations(raw: Report): string {
  const report = visibleReport(raw);
  const open = openFindings(report);
  const lines: string[] = [];
  for (const kind of ["error", "warning", "notice"] as const) {
    const own = open.filter(({ severity }) => kinds[severity] === kind);
    const room = own.length > mostOfAKind ? mostOfAKind - 1 : mostOfAKind;
    for (const finding of own.slice(0, room)) lines.push(annotation(kind, finding));
    if (own.length > room)
      lines.push(`::${kind} title=watertight::${data(`${own.length - room} more: see the job summary`)}`);
  }
  const unread = [...report.statements.failed, ...report.statements.skipped.filter(({ matters }) => matters)];
  for (const { file, line, reason } of unread.slice(0, mostOfAKind))
    lines.push(
      `::warning file=${property(file)},line=${line},title=not replayed::${data(`${reason}. What it makes is not judged.`)}`,
    );
  for (const warning of report.warnings.slice(0, mostOfAKind))
    lines.push(
      `::warning file=${property(warning.file)},line=${warning.line ?? 1},title=accepted risk::${data(warningText(warning))}`,
    );
  return lines.map((line) => `${line}\n`).join("");
}

/** A text in which GitHub looks for no commands: names of a schema may have lines that look like some. */
export function withoutCommands(text: string): string {
  const token = randomBytes(16).toString("hex");
  return `::stop-commands::${token}\n${text}::${token}::\n`;
}

/** The text for the file that GITHUB_STEP_SUMMARY names. */
export function githubSummary(report: Report): string {
  // GitHub drops a summary over 1 MiB.
  const text = markdownReport(report);
  return text.length < 900_000 ? text : `${text.slice(0, 900_000)}\n\n(cut)\n`;
}

function annotation(kind: string, finding: Finding): string {
  const { place } = finding;
  const at = place === null ? [] : [`file=${property(place.file)}`, `line=${place.line}`, `col=${place.column}`];
  const title = `title=${property(`${finding.verdict} ${finding.vector} ${objectText(finding)}`)}`;
  return `::${kind} ${[...at, title].join(",")}::${data(`${finding.message} Fix: ${finding.fix}`)}`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
