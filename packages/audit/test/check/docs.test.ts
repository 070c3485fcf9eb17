// The guides name every error and every option.
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { options } from "../../src/config/options.ts";
import { CheckError } from "../../src/check/check-error.ts";
import { ConfigError } from "../../src/config/config-error.ts";

const text = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
const guide = (name: string): Promise<string> => text(`../../docs/${name}`);

async function codesOf(file: string): Promise<string[]> {
  const found = [...(await text(file)).matchAll(/^ {2}\| "(WT_\w+)"/gm)].map(([, code]) => code!);
  expect(found.length).toBeGreaterThan(3);
  return found;
}

test("each code of a check has its heading, where the error points", async () => {
  const page = await guide("check.md");
  expect(page).toContain("### WT_CHECK_BASELINE\n");
  for (const code of await codesOf("src/check/check-error.ts")) {
    expect(page).toContain(`### ${code}\n`);
    expect(new CheckError(code as "WT_CHECK_UNKNOWN", "a", "b").docUrl).toBe(`docs/check.md#${code.toLowerCase()}`);
  }
});

test("each code of a configuration has its heading, where the error points", async () => {
  const page = await guide("config.md");
  for (const code of await codesOf("src/config/config-error.ts")) {
    expect(page).toContain(`## ${code}\n`);
    expect(new ConfigError(code as "WT_CONFIG_FILE", ["a"]).docUrl).toBe(`docs/config.md#${code.toLowerCase()}`);
  }
});

test("each option stands in the table", async () => {
  const rows = (await guide("config.md")).split("\n").filter((line) => line.startsWith("| `"));
  for (const { path } of options) {
    const [group, name] = path.split(".");
    const row = rows.find((each) => each.startsWith(`| \`${group}`) || each.includes(`, \`${group}`));
    expect(row, path).toBeDefined();
    if (name !== undefined) expect(row!.includes(`.${name}`) || row!.includes("<format>"), path).toBe(true);
  }
});
