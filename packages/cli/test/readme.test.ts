// The README names every command, no other, and every exit code.
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { expect, it } from "vitest";
import { exitCodeOf } from "@watertight/audit";
import { sampleReport } from "../../audit/test/report/sample-report.ts";
import { exitCodes } from "../src/cli-error.ts";
import { processIo } from "../src/io.ts";
import { buildProgram } from "../src/program.ts";

const text = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), "utf8");

/** All that can be run, by full name. */
function leaves(command: Command, before: readonly string[] = []): string[] {
  // visibleCommands adds commander's own help
  const own = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== "help");
  const below = own.flatMap((each) => leaves(each, [...before, each.name()]));
  // a command that does something itself and has others under it
  const acts = "_actionHandler" in command && typeof command._actionHandler === "function";
  return own.length === 0 || acts ? [before.join(" "), ...below] : below;
}

/** `kit keys list|rotate <x>`: kit keys list, kit keys rotate. */
function named(line: string, known: ReadonlySet<string>): string[] {
  const words: string[][] = [];
  for (const word of line.split(" ").slice(1)) {
    if (!/^[a-z|]+$/.test(word)) break;
    words.push(word.split("|"));
  }
  const names = words.reduce<string[]>(
    (all, next) => {
      const longer = all.flatMap((each) => next.map((word) => `${each} ${word}`.trim()));
      return all.some((each) => known.has(each)) && !longer.some((each) => known.has(each)) ? all : longer;
    },
    [""],
  );
  return names;
}

it("lists the commands that --help has", async () => {
  const commands = leaves(buildProgram(processIo(), () => {}));
  expect(commands).toContain("kit keys rotate");
  const known = new Set(commands);
  const block = /```text\n([^`]+)```/.exec(await text("README.md"))![1]!;
  const listed = block
    .trim()
    .split("\n")
    .flatMap((line) => named(line, known));
  expect(listed.toSorted()).toEqual(commands.toSorted());
});

it("lists the exit codes that there are", async () => {
  const [, sentence = ""] = /^- Exit codes: ((?:.+\n)(?: {2}.+\n)*)/m.exec(await text("README.md"))!;
  const listed = [...sentence.matchAll(/(?:^|· |·\n {2})(\d+) /g)].map(([, code]) => Number(code));
  const signals = [...(await text("bin/watertight.js")).matchAll(/process\.exit\((1\d\d)\)/g)].map(([, code]) =>
    Number(code),
  );
  const strict = exitCodeOf(sampleReport([]), "high", true);
  expect(strict).not.toBe(0);
  expect(listed.toSorted((a, b) => a - b)).toEqual(
    [...Object.values(exitCodes), strict, ...signals].toSorted((a, b) => a - b),
  );
});
