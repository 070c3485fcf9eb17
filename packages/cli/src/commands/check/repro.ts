/**
 * `watertight repro`: the psql script of a finding, as the last check ran it.
 */
import { CliError } from "../../cli-error.ts";
import type { Execute } from "../../command.ts";
import { readLast } from "./write.ts";

/** Runs `repro`. */
export const execute: Execute<object> = async ({ io, print }, [id = ""]) => {
  const { findings } = await readLast(io.cwd);
  const finding = findings.find((each) => each.id.toLowerCase() === id.toLowerCase());
  if (finding === undefined) {
    const close = findings.filter((each) => each.attempt !== null).map((each) => each.id);
    throw new CliError(
      "WT_CLI_USAGE",
      `The last check has no finding ${id}.`,
      close.length === 0 ? "It has none that was attacked." : `It has: ${close.slice(0, 10).join(", ")}`,
    );
  }
  const { attempt } = finding;
  if (attempt === null)
    throw new CliError(
      "WT_CLI_USAGE",
      `${finding.id} was found by a rule and not shown by an attack.`,
      `Run: watertight explain ${finding.id}`,
    );
  print.result({ finding: finding.id, repro: attempt.repro }, () => print.line(attempt.repro.trimEnd()));
  return 0;
};
