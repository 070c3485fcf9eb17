/**
 * `watertight check`: prints the report, writes the files that were asked for, and answers by the severity of what it found. Files are written
 * before a non-zero exit. Writes nothing into the project but .watertight/ and what was asked for.
 */
import type { CommandContext, Execute } from "../../command.ts";
import { counted } from "../../output/printer.ts";
import { type AdditionFlags, type Additions, additionsOf, sectionsText } from "./additions.ts";
import { checkGround, type Ground } from "./ground.ts";
import { progressLine } from "./progress.ts";
import { requestOf } from "./request.ts";
import { runFacts } from "./run-facts.ts";
import { keepLast, writeReports, writeBaselineFile } from "./write.ts";

/** The flags of check and ci. */
export interface CheckFlags extends AdditionFlags {
  readonly exitZero?: boolean;
  readonly updateBaseline?: boolean;
  readonly verbose?: boolean;
}

/** Runs a check and everything that check and ci do alike; `show` prints. */
export async function runCheck(
  context: CommandContext,
  args: string[],
  flags: CheckFlags,
  show: (checked: Ground, additions: Additions) => Promise<void> | void,
): Promise<number> {
  const { io, print } = context;
  const request = await requestOf(io, args[0], flags);
  const { root } = request;
  const { options } = request.resolved;
  const progress = progressLine(io, print.json);
  const ground = checkGround(context, request, flags, progress.show).finally(progress.end);
  // loaded while the check waits for its server; whoever needs them asks again
  import("@watertight/audit/reports").catch(() => {});
  const checked = await ground;
  try {
    const { exitCodeOf } = await import("@watertight/audit/reports");
    // a baseline that is written now has no entry left over
    const { baseline } = options;
    const warnings = checked.report.warnings.filter(({ file }) => flags.updateBaseline !== true || file !== baseline);
    const report = { ...checked.report, warnings, run: await runFacts(root) };
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
    await show({ ...checked, report }, await additionsOf(context, args, flags, checked));
    return flags.exitZero === true ? 0 : exitCodeOf(report, options.failOn, options.strict);
  } finally {
    await checked.close();
  }
}

/** Runs `check`. */
export const execute: Execute<CheckFlags> = (context, args, flags) =>
  runCheck(context, args, flags, async ({ report }, { document, sections }) => {
    const { io, print } = context;
    const { jsonDocument, terminalReport } = await import("@watertight/audit/reports");
    print.result({ ...jsonDocument(report), ...document }, () => {
      io.out(terminalReport(report, { colour: io.colour, width: io.width, verbose: flags.verbose === true }));
      io.out(sectionsText(sections, (text) => print.colour("bold", text)));
    });
  });
