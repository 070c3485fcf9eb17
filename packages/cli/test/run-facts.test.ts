// The commit that a report names is evidence: it is said to be clean only where nothing else was there to be checked.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runFacts } from "../src/commands/check/run-facts.ts";

it("names the commit, and whether the folder is as it says", async () => {
  const top = await mkdtemp(join(tmpdir(), "watertight-facts-"));
  const git = (...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { cwd: top, encoding: "utf8" });
  const folder = join(top, "db");
  const commit = async (): Promise<string | null> => (await runFacts(folder)).commit;
  try {
    await mkdir(folder);
    expect(await commit()).toBeNull();
    await writeFile(join(folder, "0001_first.sql"), "select 1;\n");
    await writeFile(join(folder, ".gitignore"), ".watertight/\n");
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "first");
    const head = git("rev-parse", "HEAD").trim();
    const index = await readFile(join(top, ".git/index"));
    expect((await runFacts(folder, new Date(0))).at).toBe("1970-01-01T00:00:00.000Z");
    expect(await commit()).toBe(head);

    // what git was told to pass over, and what lies beside the folder, was not checked
    await mkdir(join(folder, ".watertight"));
    await writeFile(join(folder, ".watertight/last.json"), "{}");
    await writeFile(join(top, "notes.txt"), "");
    expect(await commit()).toBe(head);

    const more = join(folder, "0002_more.sql");
    await writeFile(more, "select 2;\n");
    expect(await commit()).toBe(`${head}-dirty`);
    git("config", "status.showUntrackedFiles", "no");
    expect(await commit()).toBe(`${head}-dirty`);
    await rm(more);
    expect(await commit()).toBe(head);
    await writeFile(join(folder, "0001_first.sql"), "-- changed\n", { flag: "a" });
    expect(await commit()).toBe(`${head}-dirty`);
    expect(await readFile(join(top, ".git/index"))).toEqual(index);
  } finally {
    await rm(top, { recursive: true, force: true });
  }
});
