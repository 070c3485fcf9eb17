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

/** The commit, with -dirty where files that git knows have changed; null outside of a repository. */
async function commitOf(root: string): Promise<string | null> {
  try {
    // describe would refresh the index and write it
    const options = ["--no-optional-locks", "-C", root];
    const { stdout } = await git("git", [...options, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"], {
      timeout: 10_000,
    });
    return /^[0-9a-f]{40,64}(?:-dirty)?$/.exec(stdout.trim())?.[0] ?? null;
  } catch {
    return null;
  }
}
