/**
 * The files of a git ref in a temporary folder, for `check --against`. Must never touch the user's work tree, index or refs.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { CliError } from "../../cli-error.ts";

const git = promisify(execFile);

/** Runs `fn` with a folder that holds `root` as it was at `ref`. */
export async function atRef<T>(root: string, ref: string, fn: (folder: string) => Promise<T>): Promise<T> {
  const temporary = await mkdtemp(join(tmpdir(), "watertight-ref-"));
  try {
    const env = { ...process.env, GIT_INDEX_FILE: join(temporary, "index") };
    const run = async (...args: string[]): Promise<string> => {
      try {
        return (await git("git", args, { cwd: root, env, maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
      } catch (error) {
        const { stderr = "", code } = error as { stderr?: string; code?: string };
        throw new CliError(
          "WT_CLI_USAGE",
          code === "ENOENT" ? "git is not installed." : `git ${args[0]} failed: ${stderr.trim().split("\n")[0] ?? ""}.`,
          `Name a commit, branch or tag of this repository; ${ref} is what was given.`,
        );
      }
    };
    const top = await run("rev-parse", "--show-toplevel");
    // a ref that begins with a dash must not become an option
    const commit = await run("rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`);
    const prefix = `${join(temporary, "tree")}${sep}`;
    await run("read-tree", commit);
    await run("-C", top, "checkout-index", "--all", "--force", `--prefix=${prefix}`);
    return await fn(join(prefix, relative(top, root)));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
