// Completion: what is offered where, and bash itself completing a line by the script that is printed.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { capture } from "./support/capture.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "watertight-complete-"));
  await mkdir(join(folder, ".watertight"));
  const finding = (id: string): object => ({ id, severity: "high", verdict: "LEAK", title: "Row security is off" });
  await writeFile(
    join(folder, ".watertight/last.json"),
    JSON.stringify({ findings: [finding("A1-files"), finding("B4-letters.own")] }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const env = { DATABASE_URL: "postgres://localhost/x", HOME: "/root", APP_DB: "postgresql://localhost/y" };
const answer = async (...words: string[]): Promise<string> =>
  (await capture(["complete", "--", ...words], { cwd: folder, env })).out;
const values = async (...words: string[]): Promise<string[]> =>
  (await answer(...words)).split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0]!]));

describe("what is offered", () => {
  test.each<[words: string[], offered: string[]]>([
    [["ch"], ["check"]],
    [["kit", "pro"], ["protect"]],
    [
      ["kit", "keys", ""],
      ["list", "rotate", "retire", "help"],
    ],
    [["check", "--fail-on", "c"], ["critical"]],
    [
      ["check", "--db", "env:"],
      ["env:DATABASE_URL", "env:APP_DB"],
    ],
    [
      ["repro", ""],
      ["A1-files", "B4-letters.own"],
    ],
    [["repro", "--up", "b"], []],
    [["explain", "B"], ["B4-letters.own"]],
    [["check", ""], [":folders"]],
    [["check", "--config", ""], [":files"]],
    [["check", "--sql", "a.sql", "b"], [":files"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["kit", "status", "--fail-on", "x"], []],
    [["nonsense", "more", ""], ["check"]],
  ])("%j", async (words, offered) => {
    const found = await values(...words);
    if (words[0] === "nonsense") expect(found).toContain("check");
    else expect(found).toEqual(offered);
  });

  test("options that were given are not offered again, repeatable ones are, hidden commands never", async () => {
    expect(await values("check", "--strict", "--st")).toEqual([]);
    expect(await values("check", "--report", "json=a", "--rep")).toEqual(["--report"]);
    expect(await values("comp")).toEqual(["completion"]);
    expect(await answer("check", "--no-at")).toBe("--no-attack\trules only: seed nothing, attack nothing\n");
  });

  test("every command and option of the help is offered", async () => {
    for (const command of await values("")) {
      if (command === "help") continue;
      const { out } = await capture([command, "--help"]);
      const options = [...out.matchAll(/^\s+(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name);
      expect([command, await values(command, "--")]).toEqual([command, expect.arrayContaining(options)]);
    }
  });
});

describe("bash", () => {
  beforeEach((context) => {
    if (!existsSync("/bin/bash")) context.skip("there is no /bin/bash here");
  });

  /** What bash offers for a line: the script runs with a watertight that first notes what it is asked, then answers as ours does. */
  const complete = async (line: string): Promise<string[]> => {
    const script = (await capture(["completion", "bash"])).out;
    const [asked, given] = [join(folder, "asked"), join(folder, "given")];
    const run = (): string =>
      execFileSync(
        "/bin/bash",
        [
          "--norc",
          "-c",
          `watertight() { printf '%s\\n' "$@" > "$ASKED"; cat "$GIVEN"; }\n${script}\nCOMP_LINE=$LINE; COMP_POINT=\${#LINE}; _watertight; printf '%s\\n' "\${COMPREPLY[@]}"`,
        ],
        { cwd: folder, encoding: "utf8", env: { PATH: process.env["PATH"], LINE: line, ASKED: asked, GIVEN: given } },
      );
    await writeFile(given, "");
    run();
    const words = (await readFile(asked, "utf8")).replace(/\n$/, "").split("\n");
    expect(words.slice(0, 2)).toEqual(["complete", "--"]);
    await writeFile(given, (await capture(words, { cwd: folder, env })).out);
    return run()
      .split("\n")
      .filter((each) => each !== "");
  };

  test.each<[line: string, offered: string[]]>([
    ["watertight ch", ["check"]],
    ["watertight kit keys r", ["rotate", "retire"]],
    ["watertight check --fail-on c", ["critical"]],
    ["watertight repro A1", ["A1-files"]],
    // bash has cut the word at the colon already
    ["watertight check --db env:DATA", ["DATABASE_URL"]],
    ["watertight check --exit", ["--exit-zero"]],
    ["watertight check .water", [".watertight"]],
    ["watertight check --config .watertight/l", [".watertight/last.json"]],
  ])("%s", async (line, offered) => {
    expect(await complete(line)).toEqual(offered);
  });

  test("the scripts of bash, zsh and fish are printed, another shell is refused", async () => {
    for (const shell of ["bash", "zsh", "fish"])
      expect((await capture(["completion", shell])).out).toContain("watertight complete -- ");
    expect((await capture(["completion", "tcsh"])).exitCode).toBe(2);
  });
});
