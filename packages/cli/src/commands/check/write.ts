/**
 * The files of a check: .watertight/last.json for the commands that come after it, the reports that were asked for, the baseline.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { MigrationSet, Options, Report } from "@watertight/audit";
import type { sarifReport } from "@watertight/audit/reports";
import { CliError, exitCodes } from "../../cli-error.ts";

const last = ".watertight/last.json";

/** Keeps the report for explain and repro; .watertight/ ignores itself but for the baseline. */
export async function keepLast(root: string, report: Report): Promise<void> {
  const file = join(root, last);
  await mkdir(dirname(file), { recursive: true });
  // a new file in its place: what lies there may be a link that leads out of the project
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(report, null, 2)}\n`, { flag: "wx" });
  await rename(fresh, file);
  await writeFile(join(root, ".watertight/.gitignore"), "*\n!baseline.json\n", { flag: "wx" }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
}

/** The report of the last check in this folder. */
export async function readLast(root: string): Promise<Report> {
  try {
    const report = JSON.parse(await readFile(join(root, last), "utf8")) as Partial<Report>;
    if (report.schemaVersion !== 1 || !Array.isArray(report.findings)) throw new Error("not a report");
    return report as Report;
  } catch {
    throw new CliError(
      "WT_CLI_USAGE",
      "There is no check to look at in this folder.",
      "Run: watertight check",
      exitCodes.usage,
    );
  }
}

/** A place in a file of the project. */
export type Anchor = Parameters<typeof sarifReport>[1];

/** Where a finding without a place is shown: at the folder's last file. */
export const anchorOf = ({ migrations, folder }: MigrationSet): Anchor => ({
  file: migrations.at(-1)?.file ?? folder,
  line: 1,
});

/** Writes the reports; a finding without place is shown at the anchor. */
export async function writeReports(
  root: string,
  report: Report,
  files: Options["reports"],
  anchor: Anchor,
): Promise<void> {
  const { githubSummary, gitlabReport, htmlReport, jsonReport, junitReport, markdownReport, sarifReport } =
    await import("@watertight/audit/reports");
  const texts: Readonly<Record<keyof Options["reports"], () => string>> = {
    json: () => jsonReport(report),
    sarif: () => sarifReport(report, anchor),
    junit: () => junitReport(report),
    github: () => githubSummary(report),
    gitlab: () => gitlabReport(report, anchor),
    markdown: () => markdownReport(report),
    html: () => htmlReport(report),
  };
  for (const [format, file] of Object.entries(files))
    if (file !== null) await write(resolve(root, file), texts[format as keyof Options["reports"]]());
}

/** Writes the baseline. */
export async function writeBaselineFile(root: string, file: string, report: Report): Promise<void> {
  const { writeBaseline } = await import("@watertight/audit/reports");
  await write(resolve(root, file), writeBaseline(report.findings));
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
