// zsh and fish complete by the scripts that are printed: each shell itself runs its script, with a watertight in the path that notes what it is asked
// and answers as ours does. Where a shell is not installed, it is said (CI installs both).
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { capture } from "./support/capture.ts";

type Shell = "zsh" | "fish";

const installed = (name: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "watertight-shells-"));
  const stub = join(folder, "watertight");
  await writeFile(stub, `#!/bin/sh\nprintf '%s\\n' "$@" > "$ASKED"\ncat "$GIVEN"\n`);
  await chmod(stub, 0o755);
  await writeFile(join(folder, "zsh.script"), (await capture(["completion", "zsh"])).out);
  await writeFile(join(folder, "fish.script"), (await capture(["completion", "fish"])).out);
  await writeFile(join(folder, "notes.json"), "{}");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// What zsh shows is drawn by its line editor; here the functions that would draw print what they are given.
const drivers: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  zsh: (words) => [
    "-f",
    "-c",
    `compdef() { : }; source ./zsh.script
     _describe() { print -rl -- "\${(@P)2}" }; _files() { print -r -- ":paths $*" }
     words=(watertight "$@"); CURRENT=$#words; _watertight`,
    "zsh",
    ...words,
  ],
  fish: (words) => [
    "--no-config",
    "-c",
    'source ./fish.script; complete -C "$argv"',
    "--",
    ["watertight", ...words].join(" "),
  ],
};

async function complete(shell: Shell, words: readonly string[]): Promise<string[]> {
  const [asked, given] = [join(folder, "asked"), join(folder, "given")];
  const env = {
    PATH: `${folder}${delimiter}${process.env["PATH"]}`,
    HOME: folder,
    ASKED: asked,
    GIVEN: given,
  };
  const run = (): string => execFileSync(shell, drivers[shell](words), { cwd: folder, encoding: "utf8", env });
  await writeFile(given, "");
  run();
  const sent = (await readFile(asked, "utf8")).replace(/\n$/, "").split("\n");
  expect(sent).toEqual(["complete", "--", ...words]);
  const { out } = await capture(sent, { cwd: folder, env: { APP_DB: "postgresql://localhost/y" } });
  await writeFile(given, out);
  return run().split("\n").filter(Boolean);
}

describe.each<[shell: Shell, words: string[], offered: (string | RegExp)[]]>([
  ["zsh", ["che"], [/^check:\w/]],
  ["zsh", ["kit", "keys", "r"], [/^rotate:/, /^retire:/]],
  ["zsh", ["check", "--db", "env:"], [/^env\\:APP_DB:its URL/]],
  ["zsh", ["check", ""], [":paths -/"]],
  ["zsh", ["check", "--config", ""], [":paths "]],
  ["fish", ["che"], [/^check\t\w/]],
  ["fish", ["kit", "keys", "r"], [/^retire\t/, /^rotate\t/]],
  ["fish", ["check", "--db", "env:"], [/^env:APP_DB\tits URL/]],
  ["fish", ["check", "--config", "no"], [/^notes\.json/]],
])("%s: watertight %j", (shell, words, offered) => {
  test("is completed", async (context) => {
    if (!installed(shell)) return context.skip(`${shell} is not installed`);
    const found = await complete(shell, words);
    expect(found).toHaveLength(offered.length);
    for (const [at, each] of offered.entries())
      expect(found[at]).toMatch(each instanceof RegExp ? each : new RegExp(`^${each.trim()}\\s*$`));
  });
});
