/**
 * The report for a person at a terminal: what was found, the matrix, the findings worst first, the next command. Must never let data steer the
 * terminal, and never tell by colour alone.
 */
import { counted } from "../words/counted.ts";
import picocolors from "picocolors";
import { matrixColumns } from "../matrix/matrix.ts";
import type { Severity, Verdict } from "../rules/rule.ts";
import { groundText, leftOut, workText } from "./ground.ts";
import { headline } from "./markdown.ts";
import { columnLegend, legend, marks, matrixRows } from "./matrix-rows.ts";
import { counts, openFindings, objectText, undecided, warningText } from "./order.ts";
import type { Finding, Report } from "./report.ts";
import { platformOf } from "../understand/tenants/words.ts";
import { visibleReport } from "./visible.ts";

/** How it is printed. */
export interface TerminalOptions {
  readonly colour: boolean;
  /** Characters of a line. */
  readonly width: number;
  /** All findings and all evidence; otherwise those of severity info are only counted. */
  readonly verbose: boolean;
}

type Paint = ReturnType<typeof picocolors.createColors>;

/** The text. */
export function terminalReport(unsafe: Report, options: TerminalOptions): string {
  const report = visibleReport(unsafe);
  const paint = picocolors.createColors(options.colour);
  const { statements } = report;
  const out: string[] = [
    `Watertight ${report.tool.version}  ${groundText(report)}`,
    understood(report),
    `  ${workText(report)}`,
    ...leftOut(report).map((each) => paint.yellow(`  ${each}`)),
    "",
    ...matrixLines(report, paint),
  ];
  const unread = [...statements.failed, ...statements.skipped.filter(({ matters }) => matters)];
  if (unread.length > 0) {
    out.push(
      paint.yellow(
        `  ${counted(unread.length, "statement was", "statements were")} not replayed; what is made there is not judged:`,
      ),
    );
    const most = options.verbose ? unread.length : 5;
    for (const { file, line, reason } of unread.slice(0, most)) out.push(`    ${file}:${line}  ${reason}`);
    if (unread.length > most) out.push(`    ${unread.length - most} more: --verbose`);
    out.push("");
  }
  out.push(...sharedLines(report, paint, options));
  const open = openFindings(report);
  const inFull = ({ severity }: Finding): boolean => options.verbose || (severity !== "low" && severity !== "info");
  for (const finding of open.filter(inFull)) out.push(...findingLines(finding, paint, options), "");
  const low = open.filter((finding) => !inFull(finding) && finding.severity === "low");
  if (low.length > 0) out.push(...lowLines(low, paint, options), "");
  const info = open.filter((finding) => !inFull(finding)).length - low.length;
  if (info > 0) out.push(`  ${info} more of severity info: --verbose`, "");
  const accepted = report.findings.filter((finding) => finding.accepted !== null);
  for (const { id, accepted: by } of accepted)
    out.push(paint.dim(`  accepted until ${by!.until}: ${id} (${by!.where}: ${by!.reason})`));
  const known = report.findings.filter((finding) => finding.accepted === null && !counts(finding)).length;
  if (known > 0) out.push(`  ${known} in the baseline`);
  out.push(...report.warnings.map((warning) => paint.yellow(`  warning: ${warningText(warning)}`)));
  if (report.residuals.length > 0)
    out.push(
      paint.dim(
        `  always there, not findings: ${report.residuals.map(({ vector }) => vector).join(", ")} (watertight explain ${report.residuals[0]!.vector})`,
      ),
    );
  out.push(paint.bold(headline(report)));
  if (open.some(({ attempt }) => attempt !== null))
    out.push(`  see one:  watertight repro ${open.find(({ attempt }) => attempt !== null)!.id}`);
  if (open.some(({ id }) => report.fixable.includes(id))) out.push("  fix:      watertight protect --dry-run");
  if (undecided(report) > 0) out.push("  undecided cells and why:  watertight explain --unverified");
  return `${out.join("\n")}\n`;
}

function understood({ tables, understanding }: Report): string {
  const scoped = tables.filter(({ tenancy }) => tenancy !== "global" && tenancy !== "unknown").length;
  const roles = understanding.roles.filter(({ kind }) => kind !== "service").map(({ name }) => name);
  const unknown = tables.filter(({ tenancy }) => tenancy === "unknown").length;
  return `  ${scoped} of ${counted(tables.length, "table belongs", "tables belong")} to ${understanding.perUser ? "users" : "tenants"}${unknown === 0 ? "" : `, ${unknown} unclear`}; the application acts as ${roles.length === 0 ? "no role that was found" : roles.join(", ")} (watertight config print --origin)`;
}

function matrixLines(report: Report, paint: Paint): string[] {
  // a hoster's own tables are news only when something is the matter
  const rows = matrixRows(report).filter(
    ({ table, cells }) =>
      platformOf(table.split(".")[0]!) === undefined || cells.some(({ verdict }) => verdict !== "EXEMPT"),
  );
  if (rows.length === 0) return [];
  const first = Math.max(5, ...rows.map(({ table }) => table.length));
  const widths = matrixColumns.map((column) => Math.max(column.length, 4));
  const header = `${"".padEnd(first)}  ${matrixColumns.map((column, at) => column.padEnd(widths[at]!)).join("  ")}`;
  return [
    paint.dim(`  ${legend}`),
    paint.dim(`  ${columnLegend}`),
    paint.bold(header),
    ...rows.map(
      ({ table, cells }) =>
        `${table.padEnd(first)}  ${cells.map(({ verdict }, at) => tint(verdict, paint)(marks[verdict].padEnd(widths[at]!))).join("  ")}`,
    ),
    "",
  ];
}

function findingLines(finding: Finding, paint: Paint, { verbose, width }: TerminalOptions): string[] {
  const where = finding.place === null ? "" : `  ${finding.place.file}:${finding.place.line}`;
  const word = finding.verdict === "LEAK" ? paint.red(paint.bold("LEAK")) : finding.verdict;
  return [
    ` ${severityPaint(finding.severity, paint)(finding.severity.padEnd(8))} ${word} ${paint.bold(finding.id)}${paint.dim(where)}`,
    ...wrap(finding.message, width - 10),
    ...(finding.attempt === null
      ? []
      : wrap(`shown: ${finding.attempt.name}: ${finding.attempt.evidence}`, width - 10)),
    ...(verbose ? finding.evidence.flatMap((each) => wrap(`- ${each}`, width - 10)) : []),
    ...finding.fix.split("\n").map((line, at) => `          ${at === 0 ? "fix: " : "     "}${line}`),
  ];
}

/** What a person should look at once: tables without a way to a tenant, which nobody declared shared. */
function sharedLines({ tables, understanding }: Report, paint: Paint, { width }: TerminalOptions): string[] {
  const inferred = new Set(
    understanding.tables
      .filter(({ tenancy, evidence }) => tenancy.kind === "global" && evidence.source === "inferred")
      .map(({ relation }) => `${relation.schema}.${relation.name}`),
  );
  const names = tables
    .filter(({ schema, name }) => inferred.has(`${schema}.${name}`) && platformOf(schema) === undefined)
    .map(({ schema, name }) => (schema === "public" ? name : `${schema}.${name}`));
  if (names.length === 0) return [];
  const shown = names.length > 12 ? [...names.slice(0, 12), `${names.length - 12} more`] : names;
  const text = `Taken as shared by all, because nothing leads from them to a tenant: ${shown.join(", ")}. If that is right, confirm it in watertight.config.ts: global: [...]`;
  return [...wrap(text, width - 2).map((line) => paint.yellow(line.slice(8))), ""];
}

/** Low ones by rule: a line for each. */
function lowLines(low: readonly Finding[], paint: Paint, { width }: TerminalOptions): string[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of low) groups.set(finding.vector, [...(groups.get(finding.vector) ?? []), finding]);
  const lines = [...groups].flatMap(([vector, own]) => {
    const names = own.map(objectText);
    const shown = names.length > 6 ? [...names.slice(0, 6), `${names.length - 6} more`] : names;
    const [first = "", ...rest] = wrap(`${vector} ${own[0]!.title}: ${shown.join(", ")}`, width - 10);
    return [` ${paint.dim("low".padEnd(8))} ${first.trim()}`, ...rest];
  });
  return [...lines, "          each in full: --verbose, or watertight explain ID"];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + word.length + 1 > Math.max(40, width)) {
      lines.push(`          ${line}`);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, `          ${line}`];
}

function tint(verdict: Verdict, paint: Paint): (text: string) => string {
  if (verdict === "LEAK") return (text) => paint.red(paint.bold(text));
  if (verdict === "BLOCKED") return paint.green;
  return verdict === "N/A" ? paint.dim : paint.yellow;
}

function severityPaint(severity: Severity, paint: Paint): (text: string) => string {
  if (severity === "critical" || severity === "high") return paint.red;
  return severity === "medium" ? paint.yellow : paint.dim;
}
