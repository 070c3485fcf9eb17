/**
 * `watertight explain`: a vector's page, a finding with its evidence, or what could not be decided.
 */
import { residuals, ruleDoc, ruleOf, rules } from "@watertight/audit";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { harmless } from "../../output/printer.ts";
import { byReason, printUndecided, undecidedCells } from "./unverified.ts";
import { readLast } from "./write.ts";

interface Flags {
  readonly unverified?: boolean;
  readonly list?: boolean;
}

/** Runs `explain`. */
export const execute: Execute<Flags> = async (context, [id], { unverified, list }) => {
  if (unverified === true) return undecided(context);
  if (list === true || id === undefined) return listed(context);
  const { io, print } = context;
  const residual = residuals.find(({ vector }) => vector.toLowerCase() === id.toLowerCase());
  if (residual !== undefined) {
    print.result({ id: residual.vector, title: "a channel that every database has", text: residual.text }, () =>
      print.line(`${residual.vector}: a channel that every database has, no finding. ${residual.text}`),
    );
    return 0;
  }
  const rule = ruleOf(id) ?? ruleOf(id.split("-")[0]!);
  const finding = id.includes("-")
    ? (await readLast(io.cwd)).findings.find((each) => each.id.toLowerCase() === id.toLowerCase())
    : undefined;
  if (rule === undefined || (id.includes("-") && finding === undefined))
    throw new CliError(
      "WT_CLI_USAGE",
      rule === undefined ? `There is no vector ${id}.` : `The last check has no finding ${id}.`,
      rule === undefined ? "Run: watertight explain --list" : "Run: watertight check",
    );
  const doc = await ruleDoc(rule);
  print.result({ id: rule.id, title: rule.title, finding: finding ?? null, doc }, () => {
    if (finding !== undefined) {
      const { place, evidence, message, verdict, severity, fix, attempt } = finding;
      print.line(
        `${finding.id}: ${severity}, ${verdict}${place === null ? "" : `, ${harmless(place.file)}:${place.line}`}`,
      );
      print.line(harmless(message));
      for (const each of evidence) print.line(`- ${harmless(each)}`);
      if (attempt !== null) print.line(`shown: ${harmless(attempt.name)}: ${harmless(attempt.evidence)}`);
      print.line(`fix: ${fix.split("\n").map(harmless).join("\n     ")}`);
      print.line();
    }
    print.line(doc.trimEnd());
  });
  return 0;
};

function listed({ print }: CommandContext): number {
  const all = rules.map(({ id, title, needs }) => ({ id, title, needs }));
  print.result({ rules: all }, () =>
    print.table(
      ["vector", "title", "needs"],
      all.map(({ id, title, needs }) => [id, title, needs]),
    ),
  );
  return 0;
}

async function undecided({ io, print }: CommandContext): Promise<number> {
  const cells = undecidedCells(await readLast(io.cwd));
  const groups = byReason(cells);
  print.result({ cells, groups }, () => printUndecided(print, groups));
  return 0;
}
