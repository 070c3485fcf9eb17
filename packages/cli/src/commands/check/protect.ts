/**
 * `watertight protect`: writes new migrations that close what the check found, after they were proved on a copy. Never runs them, never changes
 * an old one.
 */
import {
  diffReports,
  type NewFile,
  openFindings,
  protect,
  type Protected,
  type Report,
  takenName,
  writeFiles,
} from "@watertight/audit";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { counted, harmless, type Printer } from "../../output/printer.ts";
import { progressLine } from "./progress.ts";
import { requestOf, type SourceFlags } from "./request.ts";

interface Flags extends SourceFlags {
  readonly dryRun?: boolean;
  readonly output?: string;
  readonly expand?: boolean;
  readonly splitRole?: string;
}

const lockNames = {
  blocking: "the table takes no writes while they run, because your tool runs them in a transaction",
  batches: "rows in batches, each committed, in a file of its own",
  concurrent: "no lock: indexes made concurrently, in a file of their own",
  short: "short locks: catalog only",
  online: "online: the table is read while it stays in use",
} as const;

/** Runs `protect`. */
export const execute: Execute<Flags> = async (context, [folder], flags) => {
  const { io, print } = context;
  const request = await requestOf(io, folder, flags);
  const progress = progressLine(io, print.json);
  const done = await protect({
    ...request,
    attack: flags.attack !== false,
    expand: flags.expand === true,
    ...(flags.splitRole === undefined ? {} : { splitRole: flags.splitRole }),
    onProgress: progress.show,
  }).finally(progress.end);
  const { output } = flags;
  const own = output === undefined;
  const files = own ? done.files : joined(done.files, output);
  const dryRun = flags.dryRun === true || (done.unwritable !== null && own);
  const written = dryRun ? [] : await writeAll(request.root, files, own ? done.listing : undefined);
  print.result(
    {
      statements: done.plan.statements,
      left: done.plan.left,
      application: done.plan.application,
      files: files.flatMap(({ file, text, beside }) => [{ file, text }, ...beside]),
      unwritable: done.unwritable,
      written,
      before: tally(done.before),
      after: done.after === null ? null : tally(done.after),
    },
    () => show(context, done, files, written, flags.dryRun === true),
  );
  return 0;
};

function show(
  { print }: CommandContext,
  done: Protected,
  files: readonly NewFile[],
  written: readonly string[],
  dryRun: boolean,
): void {
  const { plan, before, after } = done;
  if (plan.statements.length === 0) print.line("There is nothing that a migration could close.");
  for (const lock of ["concurrent", "batches", "blocking", "short", "online"] as const) {
    const own = plan.statements.filter((statement) => statement.lock === lock);
    if (own.length === 0) continue;
    print.line(`${lockNames[lock]} (${own.length})`);
    for (const { sql } of own) print.line(`  ${sql.split("\n").map(harmless).join("\n  ")};`);
  }
  if (plan.application.length > 0) {
    print.line("what your application must do");
    for (const each of plan.application) print.line(`  ${harmless(each)}`);
  }
  if (plan.left.length > 0) {
    print.line("left to you");
    printLeft(print, plan.left);
  }
  if (after !== null) {
    print.line(`proved on a copy: ${sentence(tally(before))} before, ${sentence(tally(after))} after`);
    for (const { table, column, before: was, after: is } of diffReports(before, after).cells)
      print.line(`  ${harmless(table)} ${column}: ${was ?? "-"} -> ${is ?? "-"}`);
  }
  const names = files.flatMap(({ file, beside }) => [file, ...beside.map((each) => each.file)]);
  if (written.length > 0) print.line(`written: ${written.join(", ")}; run them with your own tool, after reading them`);
  else if (files.length > 0)
    print.line(
      `would write: ${names.join(", ")}${done.unwritable === null || dryRun ? "" : `; nothing is written: ${done.unwritable}, or: --output watertight.sql`}`,
    );
}

/** What a person decides, with the advice in its own lines: in one, a comment would swallow the statements behind it. */
export function printLeft(print: Printer, left: Protected["plan"]["left"]): void {
  for (const { finding, why, advice } of left) {
    print.line(`  ${harmless(finding)}: ${harmless(why)}`);
    for (const line of advice.split("\n")) print.line(`    ${harmless(line)}`);
  }
}

const tally = (report: Report): { findings: number; leaks: number } => {
  const open = openFindings(report).filter(({ severity }) => severity !== "low" && severity !== "info");
  return { findings: open.length, leaks: open.filter(({ verdict }) => verdict === "LEAK").length };
};

const sentence = ({ findings, leaks }: ReturnType<typeof tally>): string =>
  `${counted(findings, "finding")} (${leaks} shown by attack)`;

/** The statements in one file, without what their tool wants around them. */
function joined(files: readonly NewFile[], output: string): NewFile[] {
  const [first] = files;
  if (first === undefined) return [];
  return [{ ...first, file: output, text: files.map(({ sql }) => sql).join("\n"), beside: [] }];
}

/** Writes new files only; a name that is taken is an error and nothing is written. */
async function writeAll(root: string, files: readonly NewFile[], listing: Protected["listing"]): Promise<string[]> {
  const taken = await takenName(root, files);
  if (taken !== undefined)
    throw new CliError("WT_CLI_USAGE", `${taken} exists.`, "Remove it, or name another: --output watertight.sql");
  return files.length === 0 ? [] : writeFiles(root, files, listing, new Date());
}
