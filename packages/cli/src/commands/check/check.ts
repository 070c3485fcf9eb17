/**
 * `watertight check`: prints the report, writes the files that were asked for, and answers by the severity of what it found. Files are written
 * before a non-zero exit. Writes nothing into the project but .watertight/ and what was asked for.
 */
import {
  check,
  checklist,
  diffReports,
  exitCodeOf,
  jsonDocument,
  type Report,
  type ReportDiff,
  terminalReport,
} from "@watertight/audit";
import type { CommandContext, Execute } from "../../command.ts";
import { counted, harmless } from "../../output/printer.ts";
import { atRef } from "./against.ts";
import { checkGround, type Ground, type GroundFlags } from "./ground.ts";
import { progressLine } from "./progress.ts";
import { requestOf } from "./request.ts";
import { keepLast, writeReports, writeBaselineFile } from "./write.ts";

/** The flags of check and ci. */
export interface CheckFlags extends GroundFlags {
  readonly exitZero?: boolean;
  readonly updateBaseline?: boolean;
  readonly verbose?: boolean;
  readonly checklist?: boolean;
}

/** Runs a check and everything that check and ci do alike; `show` prints. */
export async function runCheck(
  context: CommandContext,
  [folder]: string[],
  flags: CheckFlags,
  show: (checked: Ground) => Promise<void> | void,
): Promise<number> {
  const { io, print } = context;
  const request = await requestOf(io, folder, flags);
  const { root } = request;
  const { options } = request.resolved;
  const progress = progressLine(io, print.json);
  const checked = await checkGround(context, request, flags, progress.show).finally(progress.end);
  try {
    // a baseline that is written now has no entry left over
    const { baseline } = options;
    const report =
      flags.updateBaseline === true
        ? { ...checked.report, warnings: checked.report.warnings.filter(({ file }) => file !== baseline) }
        : checked.report;
    await keepLast(root, report);
    await writeReports(root, report, options.reports, checked.anchor);
    if (flags.updateBaseline === true) {
      await writeBaselineFile(root, options.baseline, report);
      const leaks = report.findings.filter(({ verdict, accepted }) => verdict === "LEAK" && accepted === null).length;
      print.note(
        `Wrote ${options.baseline}: ${counted(report.findings.length, "finding")}${leaks === 0 ? "" : `; ${leaks} that an attack showed are reported all the same`}.`,
      );
    }
    for (const remark of checked.remarks) print.note(remark);
    await show({ ...checked, report });
    return flags.exitZero === true ? 0 : exitCodeOf(report, options.failOn, options.strict);
  } finally {
    await checked.close();
  }
}

/** The report of the project as it was at a ref. */
async function reportAt(context: CommandContext, [folder]: string[], flags: CheckFlags, ref: string): Promise<Report> {
  const { root } = await requestOf(context.io, folder, flags);
  return atRef(root, ref, async (at) => {
    const request = await requestOf(context.io, at, flags);
    const checked = await check({ ...request, attack: flags.attack !== false });
    await checked.close();
    return checked.report;
  });
}

function printDiff({ print }: CommandContext, ref: string, diff: ReportDiff): void {
  const { newFindings, goneFindings, tables, cells } = diff;
  const count = (sign: string, list: readonly unknown[], word: string): string =>
    list.length === 0 ? "" : `, ${sign}${list.length} ${word}${list.length === 1 ? "" : "s"}`;
  print.line(
    `since ${harmless(ref)}: ${counted(newFindings.length, "new finding")}, ${goneFindings.length} gone${count("+", tables.added, "table")}${count("-", tables.removed, "table")}, ${cells.length === 0 ? "matrix unchanged" : `${counted(cells.length, "cell")} changed`}`,
  );
  for (const finding of newFindings) print.line(`  new   ${finding.severity.padEnd(8)} ${harmless(finding.id)}`);
  for (const finding of goneFindings) print.line(`  gone  ${finding.severity.padEnd(8)} ${harmless(finding.id)}`);
  for (const { table, column, before, after } of cells)
    print.line(`  cell  ${harmless(table)} ${column}: ${before ?? "not there"} -> ${after ?? "not there"}`);
}

/** Runs `check`. */
export const execute: Execute<CheckFlags> = (context, args, flags) =>
  runCheck(context, args, flags, async ({ report, facts }) => {
    const { io, print } = context;
    const { against } = flags;
    const diff = against === undefined ? undefined : diffReports(await reportAt(context, args, flags, against), report);
    const attacked = flags.attack !== false && flags.db === undefined;
    const items =
      flags.checklist === true
        ? checklist(facts, { findings: report.findings, matrix: attacked ? report.matrix : null })
        : undefined;
    const more = { ...(diff === undefined ? {} : { diff }), ...(items === undefined ? {} : { checklist: items }) };
    print.result({ ...jsonDocument(report), ...more }, () => {
      io.out(terminalReport(report, { colour: io.colour, width: io.width, verbose: flags.verbose === true }));
      if (diff !== undefined) printDiff(context, against!, diff);
      for (const { verdict, title, reason, evidence } of items ?? []) {
        print.line(`${verdict.padEnd(10)} ${title}`);
        for (const each of [...(reason === null ? [] : [reason]), ...evidence])
          print.line(`           ${harmless(each)}`);
      }
    });
  });
