// Which words of a command line name test files, so that nothing of them is left out.
import { expect, test } from "vitest";
import { namesFiles } from "../long-tests.ts";

const words = (line: string): string[] => line.split(" ").filter((word) => word !== "");

test.each([
  "run packages/audit/test/rules/fixes.db.test.ts",
  "run hostile",
  "--run hostile",
  "fixes.db",
  "run --reporter=dot why",
  "run -t narrow packages/audit/test/why",
  "run --coverage packages/audit/test/rules/cases.db.test.ts:12",
])("%s names files", (line) => {
  expect(namesFiles(words(line))).toBe(true);
});

test.each([
  "",
  "run",
  "watch",
  "run --project db",
  "run -t name",
  "run --outputFile result.json --reporter json",
  "--run --bail 1",
  "--project db run",
  "run --project=db",
])("%s names none", (line) => {
  expect(namesFiles(words(line))).toBe(false);
});
