/**
 * When and of which commit a check was made, for reports that are kept as evidence. Must never touch the user's work tree or index, and never fail: a
 * folder need not be a repository.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Report } from "@watertight/audit";

const git = promisify(execFile);

/** The facts of a run in this folder. */
export async function runFacts(root: string, now: Date = new Date()): Promise<NonNullable<Report["run"]>> {
  return { at: now.toISOString(), commit: await commitOf(root) };
}

/** The commit, with -dirty where files of the repository have changed or the folder has some that git does not know; null outside of a repository. */
async function commitOf(root: string): Promise<string | null> {
  try {
    // both would refresh the index and write it
    const ask = (...words: string[]): Promise<{ stdout: string }> =>
      git("git", ["--no-optional-locks", "-C", root, ...words], { timeout: 10_000, maxBuffer: 2 ** 26 });
    const { stdout } = await ask("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*");
    const commit = /^[0-9a-f]{40,64}(?:-dirty)?$/.exec(stdout.trim())?.[0] ?? null;
    if (commit === null || commit.endsWith("-dirty")) return commit;
    // describe passes over files that were never added, and a migration may be one
    const changed = await ask("status", "--porcelain", "--untracked-files=normal", "--", ".");
    return changed.stdout === "" ? commit : `${commit}-dirty`;
  } catch {
    return null;
  }
}
