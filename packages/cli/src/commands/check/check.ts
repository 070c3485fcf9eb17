/**
 * `watertight check`: prints the report, writes the files that were asked for, and answers by the severity of what it found. Files are written
 * before a non-zero exit. Writes nothing into the project but .watertight/ and what was asked for.
 */
import { check, type Checked, exitCodeOf, terminalReport } from "@watertight/audit";
import type { CommandContext, Execute } from "../../command.ts";
import { progressLine } from "./progress.ts";
import { requestOf, type SourceFlags } from "./request.ts";
import { keepLast, writeReports, writeBaselineFile } from "./write.ts";

/** The flags of check and ci. */
export interface CheckFlags extends SourceFlags {
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
  show: (checked: Checked) => Promise<void> | void,
): Promise<number> {
  const { io, print } = context;
  const { root, resolved, configFile } = await requestOf(io, folder, flags);
  const { options } = resolved;
  const progress = progressLine(io, print.json);
  const checked = await check({
    root,
    resolved,
    configFile,
    attack: flags.attack !== false,
    onProgress: progress.show,
  }).finally(progress.end);
  try {
    const { report } = checked;
    await keepLast(root, report);
    await writeReports(root, report, options.reports, checked.set);
    if (flags.updateBaseline === true) await writeBaselineFile(root, options.baseline, report);
    for (const remark of checked.remarks) print.note(remark);
    await show(checked);
    return flags.exitZero === true ? 0 : exitCodeOf(report, options.failOn, options.strict);
  } finally {
    await checked.close();
  }
}

/** Runs `check`. */
export const execute: Execute<CheckFlags> = (context, args, flags) =>
  runCheck(context, args, flags, ({ report }) => {
    const { io, print } = context;
    print.result({ ...report }, () => {
      io.out(terminalReport(report, { colour: io.colour, width: io.width, verbose: flags.verbose === true }));
    });
  });
