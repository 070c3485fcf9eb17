/**
 * The same project on several major versions of PostgreSQL, as one report: that of the first version, with what another one does otherwise. Must never
 * let a finding of one version be hidden by another.
 */
import type { Cell } from "../matrix/matrix.ts";
import { nothingDecided, severities } from "../report/order.ts";
import type { Finding, Report } from "../report/report.ts";
import { check, type Checked, type CheckRequest, newSeed } from "./check.ts";

/**
 * Checks on each version of the configuration.
 * @throws as check does
 */
export async function checkVersions(request: CheckRequest): Promise<Checked> {
  // one seed: a script of one version names rows that the other has, too
  const { seed = newSeed() } = request;
  const on = (version: number): CheckRequest => ({
    ...request,
    seed,
    resolved: { ...request.resolved, options: { ...request.resolved.options, server: [version] } },
  });
  const [first, ...others] = request.resolved.options.server;
  if (first === undefined || others.length === 0) return check(request);
  const base = await check(on(first));
  try {
    let { report } = base;
    for (const version of others) {
      const other = await check(on(version));
      await other.close();
      report = mergeReports(report, other.report, version);
    }
    return { ...base, report };
  } catch (error) {
    await base.close();
    throw error;
  }
}

/** The first report with what the other says beside it. */
export function mergeReports(base: Report, other: Report, version: number): Report {
  const words = `on PostgreSQL ${version}`;
  const known = new Map(base.findings.map((finding) => [finding.id, finding]));
  const worse = (mine: Finding | undefined, theirs: Finding): boolean =>
    mine === undefined ||
    (theirs.verdict === "LEAK" && mine.verdict !== "LEAK") ||
    severities.indexOf(theirs.severity) < severities.indexOf(mine.severity);
  const extra = other.findings
    .filter((finding) => worse(known.get(finding.id), finding))
    .map((finding): Finding => ({ ...finding, evidence: [...finding.evidence, `so it is ${words}`] }));
  const replaced = new Set(extra.map(({ id }) => id));
  const cellKey = ({ table, column }: Cell): string => `${table.schema}.${table.name} ${column}`;
  const theirs = new Map(other.matrix.cells.map((cell) => [cellKey(cell), cell]));
  const failed = new Set(base.statements.failed.map(({ file, line }) => `${file}:${line}`));
  const skipped = new Set(base.statements.skipped.map(({ file, line }) => `${file}:${line}`));
  // where a version decided nothing, its notes say why, and no cell of the other may stand for it
  const undecided = (there: Cell | undefined): there is Cell =>
    there?.verdict === "UNVERIFIED" || there?.verdict === "UNRELIABLE";
  const nothing = other.seed === undefined ? null : nothingDecided(other);
  return {
    ...base,
    server: { ...base.server, also: [...(base.server.also ?? []), other.server.version] },
    statements: {
      ...base.statements,
      failed: [
        ...base.statements.failed,
        ...other.statements.failed
          .filter(({ file, line }) => !failed.has(`${file}:${line}`))
          .map((each) => ({ ...each, reason: `${words}: ${each.reason}` })),
      ],
      skipped: [
        ...base.statements.skipped,
        ...other.statements.skipped
          .filter(({ file, line }) => !skipped.has(`${file}:${line}`))
          .map((each) => ({ ...each, reason: `${words}: ${each.reason}` })),
      ],
    },
    findings: [...base.findings.filter(({ id }) => !replaced.has(id)), ...extra],
    fixable: [...new Set([...base.fixable, ...other.fixable])],
    // what means a finding on one version is no mistake
    warnings: base.warnings.filter(
      ({ kind, where, id }) =>
        kind !== "unmatched" || other.warnings.some((each) => each.where === where && each.id === id),
    ),
    matrix: {
      ...base.matrix,
      attempts: base.matrix.attempts + other.matrix.attempts,
      cells: base.matrix.cells.map((cell) => {
        const there = theirs.get(cellKey(cell));
        if (cell.verdict === "LEAK") return cell;
        if (there?.verdict === "LEAK") return { ...there, reason: words };
        if (nothing !== null && (cell.verdict === "BLOCKED" || there === undefined))
          return { ...cell, verdict: "UNVERIFIED" as const, reason: `${words}: ${nothing}` };
        if (cell.verdict === "BLOCKED" && undecided(there))
          return { ...there, reason: `${words}: ${there.reason ?? "undecided"}` };
        return cell;
      }),
      notes: [
        ...base.matrix.notes,
        ...other.matrix.notes
          .filter(({ text }) => !base.matrix.notes.some((each) => each.text === text))
          .map((note) => ({ ...note, text: `${words}: ${note.text}` })),
      ],
    },
  };
}
