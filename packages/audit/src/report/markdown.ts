/**
 * Markdown: for job summaries, pull request comments and files. Must never let a value break out of its table cell or become HTML.
 */
import { counted } from "../words/counted.ts";
import { matrixColumns } from "../matrix/matrix.ts";
import { groundText, leftOut, workText } from "./ground.ts";
import { madeRows } from "./made.ts";
import { columnLegend, legend, marks, matrixRows } from "./matrix-rows.ts";
import { counts, objectText, openFindings, severityCounts, undecided, warningText } from "./order.ts";
import type { Report } from "./report.ts";
import { visibleReport } from "./visible.ts";

/** The document. */
export function markdownReport(raw: Report): string {
  const report = visibleReport(raw);
  const open = openFindings(report);
  const { statements } = report;
  const parts = [
    "# Watertight: tenant isolation",
    "",
    `${headline(report)} ${inline(groundText(report))}: ${inline(workText(report))}.`,
    "",
    madeRows(report)
      .map(([name, value]) => `${name}: ${inline(value)}`)
      .join(" · "),
    "",
    ...leftOut(report).map((each) => `- ${inline(each)}`),
    "",
  ];
  if (report.matrix.cells.length > 0)
    parts.push(
      "## Matrix",
      "",
      row(["table", ...matrixColumns]),
      row(["---", ...matrixColumns.map(() => ":-:")]),
      ...matrixRows(report).map(({ table, cells }) =>
        row([`\`${code(table)}\``, ...cells.map(({ verdict }) => (verdict === "LEAK" ? "**LEAK**" : marks[verdict]))]),
      ),
      "",
      legend,
      "",
      columnLegend,
      "",
    );
  if (open.length > 0)
    parts.push(
      "## Findings",
      "",
      row(["severity", "verdict", "vector", "object", "what", "where", "fix"]),
      row(["---", "---", "---", "---", "---", "---", "---"]),
      ...open.map((finding) =>
        row([
          finding.severity,
          finding.verdict,
          finding.vector,
          `\`${code(objectText(finding))}\``,
          inline(finding.message),
          finding.place === null ? "" : `${inline(finding.place.file)}:${finding.place.line}`,
          codeLines(finding.fix),
        ]),
      ),
      "",
    );
  const quiet = report.findings.filter((finding) => !counts(finding));
  if (quiet.length > 0)
    parts.push(
      "## Accepted",
      "",
      ...quiet.map(
        (finding) =>
          `- ${inline(finding.id)}: ${finding.accepted === null ? "in the baseline" : `${inline(finding.accepted.reason)} (until ${finding.accepted.until}, ${inline(finding.accepted.where)})`}`,
      ),
      "",
    );
  if (report.warnings.length > 0)
    parts.push("## Warnings", "", ...report.warnings.map((warning) => `- ${inline(warningText(warning))}`), "");
  const unread = [...statements.failed, ...statements.skipped.filter(({ matters }) => matters)];
  if (unread.length > 0)
    parts.push(
      "## Not replayed",
      "",
      ...unread.map(({ file, line, reason }) => `- ${inline(file)}:${line} ${inline(reason)}`),
      "",
    );
  parts.push("## Always there", "", ...report.residuals.map(({ vector, text }) => `- ${vector}: ${inline(text)}`), "");
  return parts.join("\n");
}

/** The result in one sentence. */
export function headline(report: Report): string {
  const bySeverity = severityCounts(report);
  const open = bySeverity.reduce((sum, { count }) => sum + count, 0);
  const leaks = openFindings(report).filter(({ verdict }) => verdict === "LEAK").length;
  const unsure = undecided(report);
  const cells =
    unsure === 0 ? "" : ` ${counted(unsure, "cell of the matrix is", "cells of the matrix are")} undecided.`;
  if (open === 0) return `No findings.${cells}`;
  const parts = bySeverity.map(({ severity, count }) => `${count} ${severity}`).join(", ");
  return `${counted(open, "finding")} (${parts}), ${leaks} confirmed by attack.${cells}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function inline(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_{}[\]<>|#~]/g, (character) => (character === "<" ? "&lt;" : `\\${character}`));
}

function code(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("`", "'").replaceAll("|", "\\|");
}

// a comment in one line with a statement would swallow it
function codeLines(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => `\`${code(line)}\``)
    .join("<br>");
}
