/**
 * `watertight completion SHELL` prints the shell's script; `watertight complete -- words…` is what that script asks at each TAB. Must never fail aloud: a
 * broken answer is none.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Report } from "@watertight/audit";
import type { Execute } from "../../command.ts";
import { type Candidate, completionOf } from "../../completion/candidates.ts";
import { completionScripts, type Shell } from "../../completion/scripts.ts";
import type { Io } from "../../io.ts";
import { harmless } from "../../output/printer.ts";
import { buildProgram } from "../../program.ts";

/** Runs `completion`. */
export const execute: Execute<object> = ({ io, print }, [shell]) => {
  const script = completionScripts[shell as Shell];
  print.result({ shell, script }, () => io.out(script));
  return Promise.resolve(0);
};

/** Runs `complete`: the answer for the words behind the program's name, the last of which is being typed. */
export async function complete(io: Io, words: readonly string[]): Promise<void> {
  const databases = Object.entries(io.env).flatMap(([name, value]) =>
    value !== undefined && /^postgres(ql)?:\/\//.test(value) ? [name] : [],
  );
  const program = buildProgram(io, () => {});
  const { candidates, paths } = completionOf(program, words, { findings: await lastFindings(io.cwd), databases });
  for (const { value, description } of candidates)
    io.out(`${harmless(value)}\t${harmless(description.split(/(?<=\.)\s|\n/)[0] ?? "")}\n`);
  if (paths !== null) io.out(`:${paths}\n`);
}

async function lastFindings(folder: string): Promise<Candidate[]> {
  try {
    const { findings } = JSON.parse(await readFile(join(folder, ".watertight/last.json"), "utf8")) as Report;
    return findings.map(({ id, severity, verdict, title }) => ({
      value: id,
      description: `${severity} ${verdict}: ${title}`,
    }));
  } catch {
    return [];
  }
}
