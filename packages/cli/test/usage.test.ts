// The command line without a database: help, usage errors, exit codes, secrets that must not come by a flag, terminal safety.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { completeStatement } from "../src/commands/kit/shell-input.ts";
import { harmless, harmlessJson } from "../src/output/printer.ts";
import { capture } from "./support/capture.ts";

describe("usage", () => {
  it("shows examples first", async () => {
    const help = await capture(["--help"]);
    expect(help.exitCode).toBe(0);
    expect(help.out.startsWith("Examples:")).toBe(true);
    for (const command of [
      "install",
      "status",
      "uninstall",
      "upgrade",
      "protect",
      "unprotect",
      "observe",
      "enforce",
      "shell",
    ]) {
      const own = await capture(["kit", command, "--help"]);
      expect([command, own.exitCode, own.out.startsWith("Example:")]).toEqual([command, 0, true]);
    }
  });

  it("knows its version", async () => {
    const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
    expect(await capture(["--version"])).toMatchObject({ exitCode: 0, out: `${version}\n`, err: "" });
  });

  it.each([
    [["kit", "instal"], 2],
    [["kit", "protect"], 2],
    [["kit", "status", "--nope"], 2],
    [["kit", "install", "--level", "paranoid"], 2],
    [["kit", "shell"], 2],
    [["kit"], 2],
    [["kit", "protect", "t", "--via", "a=b"], 2],
    [["kit", "protect", "t", "--parent", "p", "--via", "ab"], 2],
    [["kit", "install", "--role", "king=me"], 2],
    [["kit", "install", "--key-from", "NOT_SET"], 2],
    [["kit", "status"], 2],
    [["kit", "status", "--db", "env:NOT_SET"], 2],
    [["kit", "status", "--db", "file:/does/not/exist"], 2],
    [["kit", "status", "--db", "mysql://x"], 2],
    [["kit", "status", "--db", "postgres://me:secret@localhost/db"], 2],
    [["kit", "status", "--db", "postgres://localhost/db?password=secret"], 2],
    [["kit", "status", "--db", "postgres://me@127.0.0.1:1/db"], 3],
  ])(
    "%j exits with %i",
    async (argv, exitCode) => {
      const result = await capture(argv);
      expect(result.exitCode).toBe(exitCode);
      expect(result.out).toBe("");
      expect(result.err).not.toBe("");
      expect(result.err).not.toContain("secret@");
      // the first load of a command is slow on a busy machine
    },
    60_000,
  );

  it.each([
    [["check", "nowhere/at-all"], "WT_CLI_USAGE: There is no folder nowhere/at-all. Name the project's folder:"],
    [
      ["check", "package.json"],
      "WT_CLI_USAGE: package.json is a file, not a folder. To check this file: --sql package.json",
    ],
    [
      ["check", "--report", "pdf=x"],
      "WT_CLI_USAGE: --report pdf=x: there is no format pdf. Write --report FORMAT=FILE; formats: json,",
    ],
    [["check", "--report", "html"], "WT_CLI_USAGE: --report html names no file. Write: --report html=FILE"],
    [["check", "--tool", "supabas"], "WT_CONFIG_OPTION: --tool must be one of"],
    [["check", "--server", "9"], "WT_CONFIG_OPTION: --server must be 15, 16, 17 or 18"],
    [["check", "--config", "no.ts"], "WT_CONFIG_FILE: no.ts does not exist."],
  ])(
    "%j says what is wrong and what to do",
    async (argv, message) => {
      const result = await capture(argv);
      expect([result.exitCode, result.out]).toEqual([2, ""]);
      expect(result.err).toContain(message);
      expect(result.err.trimEnd().split("\n")).toHaveLength(1);
    },
    60_000,
  );

  it.each(["mysql://me:s3cret@localhost/db", "localhost:s3cret", "/tmp s3cret", "postgres://me:s3cret@localhost:x/db"])(
    "takes only a postgres:// URL, wherever it comes from: %s",
    async (url) => {
      const directory = await mkdtemp(join(tmpdir(), "wt-cli-"));
      try {
        await writeFile(join(directory, "url"), `${url}\n`);
        for (const db of [[], ["--db", "env:OTHER_URL"], ["--db", `file:${join(directory, "url")}`]]) {
          const env = { DATABASE_URL: url, OTHER_URL: url };
          const result = await capture(["kit", "status", "--json", ...db], { env });
          expect([result.exitCode, result.json().error.code]).toEqual([2, "WT_CLI_NO_DATABASE"]);
          expect(result.out).not.toContain("s3cret");
        }
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  );

  it("answers errors as JSON too, with code and next step", async () => {
    const { error, schemaVersion } = (
      await capture(["kit", "status", "--json", "--db", "postgres://me:secret@localhost/db"])
    ).json();
    expect(schemaVersion).toBe(1);
    expect(error.code).toBe("WT_CLI_SECRET_IN_FLAG");
    expect(error.next).not.toBe("");
    expect(JSON.stringify(error)).not.toContain("secret@");
  });
});

describe("completeStatement", () => {
  it.each([
    ["select 1;", "select 1"],
    ["select 1", undefined],
    ["select ';", undefined],
    ["select ';';", "select ';'"],
    [`select ";" ;`, `select ";"`],
    ["select 1 -- ;\n;", "select 1 -- ;"],
    ["select /* ; */ 1;", "select /* ; */ 1"],
    ["select /* ;", undefined],
    ["do $x$ begin; end $x$;", "do $x$ begin; end $x$"],
    ["do $x$ begin; end $y$;", undefined],
    ["  \n", ""],
  ])("%j", (text, expected) => {
    expect(completeStatement(text)).toBe(expected);
  });
});

describe("harmless", () => {
  it("shows control characters instead of sending them", () => {
    expect(harmless("a\u001b[2Jb\u202ec")).toBe("a\\u001b[2Jb\\u202ec");
    const value = { name: "a\u001b[2Jb\u202ec\u009bd\n" };
    const text = harmlessJson(value);
    expect(text).toBe('{\n  "name": "a\\u001b[2Jb\\u202ec\\u009bd\\n"\n}');
    expect(JSON.parse(text)).toEqual(value);
  });
});
