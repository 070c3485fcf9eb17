/**
 * How long a migration will take in a target: what it took elsewhere, else a guess from its statements. Pure. Must never be taken for a promise:
 * rewriting a table takes as long as the table is large.
 */
import type { ReleaseFile } from "../release/release.ts";

/** Median durations of migrations that ran, milliseconds by name. */
export type History = ReadonlyMap<string, number>;

const PER_TRANSACTION = 3;
const PER_STATEMENT = 2;
const PER_ALONE = 60;
const PER_READ = 100;

/** Milliseconds of one migration. */
export function estimateOf(file: ReleaseFile, history: History): number {
  const known = history.get(file.name);
  if (known !== undefined) return known;
  let ms = 0;
  for (const step of file.steps) {
    const statements = step.kind === "alone" ? [step.statement] : step.statements;
    ms += step.kind === "alone" ? PER_ALONE : PER_TRANSACTION;
    for (const { locks } of statements)
      ms +=
        PER_STATEMENT +
        locks.filter(({ work }) => work === "reads the table" || work === "rewrites the table").length * PER_READ;
  }
  return ms;
}
