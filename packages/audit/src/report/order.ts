/**
 * What a report's readers ask of its findings: which count, which come first, whether the run fails.
 */
import type { FailOn } from "../config/config.ts";
import type { Severity } from "../rules/rule.ts";
import { isBookkeeping } from "../understand/tenants/no-path.ts";
import type { Finding, Report } from "./report.ts";

/** From the worst to the least. */
export const severities: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

/** Neither accepted nor in the baseline. A confirmed leak is never hidden by a baseline. */
export function counts({ accepted, known, verdict }: Finding): boolean {
  return accepted === null && (!known || verdict === "LEAK");
}

/** Findings that count, the worst first, leaks before suspicions. */
export function openFindings(report: Report): Finding[] {
  const rank = (finding: Finding): number =>
    severities.indexOf(finding.severity) * 2 + (finding.verdict === "LEAK" ? 0 : 1);
  return report.findings.filter(counts).sort((a, b) => rank(a) - rank(b));
}

/** Those that `protect` looks at: they count, and are of severity medium or over. */
export function worthFixing(findings: readonly Finding[]): Finding[] {
  return findings.filter(
    (finding) => counts(finding) && severities.indexOf(finding.severity) <= severities.indexOf("medium"),
  );
}

/** How many of each severity count. */
export function severityCounts(report: Report): { readonly severity: Severity; readonly count: number }[] {
  const open = openFindings(report);
  return severities
    .map((severity) => ({ severity, count: open.filter((finding) => finding.severity === severity).length }))
    .filter(({ count }) => count > 0);
}

/** Cells of the matrix that nobody could decide. */
export function undecided(report: Report): number {
  return report.matrix.cells.filter(({ verdict }) => verdict === "UNVERIFIED" || verdict === "UNRELIABLE").length;
}

/**
 * Why a report without findings says nothing about the schema, a sentence; null where it says something. What nobody tried must not look like what
 * was stopped. Cells of shared tables and those without a path say nothing.
 */
export function nothingDecided(report: Report): string | null {
  const { matrix, seed, live, tables, understanding, statements } = report;
  if (tables.length === 0) {
    if (live !== undefined) return "The database has no table, or shows none to this role: nothing was judged.";
    const partly = statements.failed.length > 0 || statements.skipped.some(({ matters }) => matters);
    return partly ? "There is no table, and statements failed or were left out: nothing was judged." : null;
  }
  const shared = understanding.tables.filter(({ tenancy }) => tenancy.kind === "global");
  if (shared.length > 0 && shared.length === understanding.tables.length)
    return shared.every((table) => table.evidence.source === "declared" || isBookkeeping(table))
      ? null
      : "No table seems to belong to a tenant, so nothing was tried as one. Name the tenant's column in the configuration (tenant.column), or say which tables are shared (global).";
  if (seed === undefined) return null;
  if (matrix.cells.length === 0) return "No attack could begin: nothing below is verified.";
  const open = matrix.cells.filter(({ verdict }) => verdict !== "EXEMPT" && verdict !== "N/A");
  return open.length > 0 && open.every(({ verdict }) => verdict === "UNVERIFIED" || verdict === "UNRELIABLE")
    ? "The attacks decided nothing: every cell of the matrix is undecided."
    : null;
}

/** 0 clean, 1 findings at or over the limit, 3 nothing was decided, 4 under strict: undecided cells, statements that matter, what a live database did not show. */
export function exitCodeOf(report: Report, failOn: FailOn, strict: boolean): 0 | 1 | 3 | 4 {
  const limit = failOn === "never" ? -1 : severities.indexOf(failOn);
  if (openFindings(report).some(({ severity }) => severities.indexOf(severity) <= limit)) return 1;
  if (nothingDecided(report) !== null) return 3;
  const { statements, live } = report;
  const unread =
    statements.failed.length +
    statements.skipped.filter(({ matters }) => matters).length +
    (live === undefined
      ? 0
      : live.unreadable.length + live.probes.filter(({ verdict }) => verdict === "could not tell").length);
  return strict && undecided(report) + unread > 0 ? 4 : 0;
}

/** A warning in one line. */
export function warningText({ code, where, id, text }: Report["warnings"][number]): string {
  return `${code} ${where}: ${id} ${text}`;
}

/** schema.name.part as people write it. */
export function objectText({ object: { schema, name, part } }: Pick<Finding, "object">): string {
  return [...(schema === "" || schema === "public" ? [] : [schema]), name, ...(part === undefined ? [] : [part])].join(
    ".",
  );
}
