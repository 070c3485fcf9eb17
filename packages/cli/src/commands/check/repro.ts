/**
 * `watertight repro`: the psql script of a finding, as the last check ran it. With --up the throw-away server comes back with the same rows and stays
 * until Ctrl-C, and the command line for psql is printed.
 */
import { resolve } from "node:path";
import { type Finding, type Report, standUp, type StoodUp } from "@watertight/audit";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { harmless } from "../../output/printer.ts";
import { progressLine } from "./progress.ts";
import { requestOf, type SourceFlags } from "./request.ts";
import { readLast } from "./write.ts";

interface Flags extends SourceFlags {
  readonly up?: boolean;
  readonly in?: string;
}

type Attempt = NonNullable<Finding["attempt"]>;

/** Runs `repro`. */
export const execute: Execute<Flags> = async (context, [id = ""], flags) => {
  const { io, print } = context;
  const report = await readLast(resolve(io.cwd, flags.in ?? "."));
  const { finding, attempt } = attacked(report, id);
  if (flags.up === true) return keepUp(context, report, finding, attempt, flags);
  // a pipe gets the script as it is, a terminal nothing that it would obey
  const shown = (line: string): string => (io.interactive ? harmless(line) : line);
  const repro = withId(attempt.repro, finding);
  print.result({ finding, repro }, () => {
    for (const line of repro.trimEnd().split("\n")) print.line(shown(line));
  });
  return 0;
};

/** The script with the finding's own id in the comment that says how to run it; names that psql could take for something else stay out. */
function withId(script: string, finding: string): string {
  return /^[\w.:$-]+$/.test(finding)
    ? script.replace("watertight repro ID --up", () => `watertight repro ${finding} --up`)
    : script;
}

/** The finding that is meant, with its attack. */
function attacked({ findings }: Report, id: string): { finding: string; attempt: Attempt } {
  const finding = findings.find((each) => each.id.toLowerCase() === id.toLowerCase());
  if (finding === undefined) {
    const close = findings.filter((each) => each.attempt !== null).map((each) => each.id);
    throw new CliError(
      "WT_CLI_USAGE",
      `The last check has no finding ${id}.`,
      close.length === 0 ? "It has none that was attacked." : `It has: ${close.slice(0, 10).join(", ")}`,
    );
  }
  if (finding.attempt === null)
    throw new CliError(
      "WT_CLI_USAGE",
      `${finding.id} was found by a rule and not shown by an attack.`,
      `Run: watertight explain ${finding.id}`,
    );
  return { finding: finding.id, attempt: finding.attempt };
}

async function keepUp(
  { io, print }: CommandContext,
  { seed }: Report,
  finding: string,
  attempt: Attempt,
  flags: Flags,
): Promise<number> {
  if (seed === undefined)
    throw new CliError("WT_CLI_USAGE", "The last check was made by an older version.", "Run: watertight check");
  const progress = progressLine(io, print.json);
  const request = await requestOf(io, flags.in, flags);
  const up = await standUp({ ...request, seed, attempt, onProgress: progress.show }).finally(progress.end);
  try {
    const command = psqlLine(up);
    print.result(
      { finding, psql: command, script: up.script, connection: { ...up.connection, password: undefined } },
      () => print.line(command),
    );
    print.note("The server stays until you press Ctrl-C; then nothing is left of it.");
    await io.untilInterrupted();
    return 0;
  } finally {
    await up.close();
  }
}

/** The command line for a shell. */
function psqlLine({ script, connection: { host, port, user, database, password } }: StoodUp): string {
  const secret = password === null ? "" : `PGPASSWORD=${quoted(password)} `;
  // no start-up file of the person's own may change what the script does
  return `${secret}psql -X -h ${quoted(host)} -p ${port} -U ${quoted(user)} -d ${quoted(database)} -f ${quoted(script)}`;
}

const quoted = (text: string): string => (/^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
