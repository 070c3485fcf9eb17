/**
 * `watertight ci`: check for pipelines. On GitHub annotations go to stdout and the summary to its file; SARIF is always written.
 */
import { appendFile } from "node:fs/promises";
import type { Execute } from "../../command.ts";
import { sectionsMarkdown, sectionsText } from "./additions.ts";
import { type CheckFlags, runCheck } from "./check.ts";

/** Runs `ci`. */
export const execute: Execute<CheckFlags> = (context, args, flags) => {
  const { io, print } = context;
  const report = flags.report ?? [];
  const sarif = report.some((each) => each.startsWith("sarif="))
    ? report
    : [...report, "sarif=.watertight/report.sarif"];
  return runCheck(context, args, { ...flags, report: sarif }, async ({ report: found }, { document, sections }) => {
    const { githubAnnotations, githubSummary, jsonDocument, terminalReport, withoutCommands } =
      await import("@watertight/audit/reports");
    print.result({ ...jsonDocument(found), ...document }, () => {
      const text = `${terminalReport(found, { colour: io.colour, width: io.width, verbose: flags.verbose === true })}${sectionsText(sections, (title) => print.colour("bold", title))}`;
      const onGithub = io.env["GITHUB_ACTIONS"] === "true";
      io.out(onGithub ? withoutCommands(text) : text);
      if (onGithub) io.out(githubAnnotations(found));
    });
    const summary = io.env["GITHUB_STEP_SUMMARY"];
    if (summary) await appendFile(summary, `${githubSummary(found)}${sectionsMarkdown(sections)}`);
  });
};
