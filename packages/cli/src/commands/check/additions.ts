/**
 * What check and ci say on request beside the report: what changed since a commit (--against), and the six audit questions (--checklist). Each is a
 * section of its own behind the report. Must never print: names of the schema may look like commands to whoever reads the output.
 */
import { stat } from "node:fs/promises";
import type { ChecklistItem, Report, ReportDiff } from "@watertight/audit";
import type { CommandContext } from "../../command.ts";
import { counted, harmless } from "../../output/printer.ts";
import { atRef } from "./against.ts";
import type { Ground, GroundFlags } from "./ground.ts";
import { progressLine } from "./progress.ts";
import { requestOf } from "./request.ts";

/** The flags that ask for it. */
export interface AdditionFlags extends GroundFlags {
  readonly checklist?: boolean;
}

/** A part of the output with a heading. */
interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

/** What was asked for. */
export interface Additions {
  /** Its fields of the JSON document. */
  readonly document: { readonly diff?: ReportDiff; readonly checklist?: readonly ChecklistItem[] };
  readonly sections: readonly Section[];
}

/** Finds out what was asked for. */
export async function additionsOf(
  context: CommandContext,
  args: string[],
  flags: AdditionFlags,
  { report, facts }: Ground,
): Promise<Additions> {
  const { against } = flags;
  if (against === undefined && flags.checklist !== true) return { document: {}, sections: [] };
  const { checklist, diffReports } = await import("@watertight/audit");
  const before = against === undefined ? undefined : await reportAt(context, args, flags, against);
  const diff = before === undefined ? undefined : diffReports(before ?? nothing(report), report);
  const attacked = flags.attack !== false && flags.db === undefined;
  const items =
    flags.checklist === true
      ? checklist(facts, { findings: report.findings, matrix: attacked ? report.matrix : null })
      : undefined;
  return {
    document: { ...(diff === undefined ? {} : { diff }), ...(items === undefined ? {} : { checklist: items }) },
    sections: [
      ...(diff === undefined ? [] : [diffSection(against!, diff, before === null)]),
      ...(items === undefined ? [] : [checklistSection(items)]),
    ],
  };
}

/** The sections for a terminal, each behind an empty line. */
export function sectionsText(sections: readonly Section[], bold: (text: string) => string): string {
  return sections.map(({ title, lines }) => `\n${[bold(title), ...lines].join("\n")}\n`).join("");
}

/** The sections for a job summary. */
export function sectionsMarkdown(sections: readonly Section[]): string {
  return sections
    .map(({ title, lines }) => `\n## ${title}\n\n\`\`\`text\n${lines.join("\n").replaceAll("`", "'")}\n\`\`\`\n`)
    .join("");
}

/** The report of the project as it was at a ref; null where it had no migrations then. */
async function reportAt(
  { io, print }: CommandContext,
  [folder]: string[],
  flags: AdditionFlags,
  ref: string,
): Promise<Report | null> {
  const { root } = await requestOf(io, folder, flags);
  return atRef(root, ref, async (at) => {
    const there = await stat(at).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!there) return null;
    const request = await requestOf(io, at, flags);
    const progress = progressLine(io, print.json);
    const { check } = await import("@watertight/audit");
    try {
      const checked = await check({ ...request, attack: flags.attack !== false, onProgress: progress.show });
      await checked.close();
      return checked.report;
    } catch (error) {
      if ((error as { code?: string }).code === "WT_CHECK_NO_MIGRATIONS") return null;
      throw error;
    } finally {
      progress.end();
    }
  });
}

/** A report without anything: all that is there now is new. */
const nothing = (report: Report): Report => ({
  ...report,
  findings: [],
  tables: [],
  matrix: { ...report.matrix, cells: [] },
});

function diffSection(ref: string, diff: ReportDiff, empty: boolean): Section {
  const { newFindings, goneFindings, tables } = diff;
  // of a table that came or went only what was attacked
  const cells = diff.cells.filter(({ before, after }) => !(silent(before) && silent(after)));
  const count = (sign: string, list: readonly unknown[]): string =>
    list.length === 0 ? "" : `, ${sign}${counted(list.length, "table")}`;
  return {
    title: `Changed since ${harmless(ref)}${empty ? ", which has no migrations here: all is new" : ""}`,
    lines: [
      `${counted(newFindings.length, "new finding")}, ${goneFindings.length} gone${count("+", tables.added)}${count("-", tables.removed)}, ${cells.length === 0 ? "matrix unchanged" : `${counted(cells.length, "cell")} changed`}`,
      ...newFindings.map(({ severity, id }) => `  new   ${severity.padEnd(8)} ${harmless(id)}`),
      ...goneFindings.map(({ severity, id }) => `  gone  ${severity.padEnd(8)} ${harmless(id)}`),
      ...cells.map(
        ({ table, column, before, after }) =>
          `  cell  ${harmless(table)} ${column}: ${before ?? "not there"} -> ${after ?? "not there"}`,
      ),
    ],
  };
}

const silent = (verdict: ReportDiff["cells"][number]["after"]): boolean =>
  verdict === null || verdict === "EXEMPT" || verdict === "N/A";

const checklistSection = (items: readonly ChecklistItem[]): Section => ({
  title: "Audit checklist",
  lines: items.flatMap(({ verdict, title, reason, evidence }) => [
    `${verdict.padEnd(10)} ${title}`,
    ...[...(reason === null ? [] : [reason]), ...evidence].map((each) => `           ${harmless(each)}`),
  ]),
});
