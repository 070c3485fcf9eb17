// What a command loads before it asks the server anything: a module that slips in here is waited for by everybody who checks a live database.
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { resolveLightly } from "../src/config/resolve-lightly.ts";
import { resolveOptions } from "../src/config/resolve-options.ts";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** Files of ours and packages that are loaded with this file; types are not loaded. */
function loadedWith(entry: string): Set<string> {
  const loaded = new Set([join(src, entry)]);
  for (const file of loaded) {
    if (!file.startsWith(src)) continue;
    const text = readFileSync(file, "utf8");
    for (const [, clause = "", from = ""] of text.matchAll(/^(?:import|export) ([^;]*?)from "([^"]+)";/gms)) {
      const names = /^\{([^}]*)\}/s
        .exec(clause)?.[1]
        ?.split(",")
        .map((name) => name.trim());
      const onlyTypes = clause.startsWith("type ") || names?.every((name) => name === "" || name.startsWith("type "));
      if (!onlyTypes) loaded.add(from.startsWith(".") ? join(dirname(file), from) : from);
    }
  }
  return new Set([...loaded].map((file) => (file.startsWith(src) ? relative(src, file) : file)));
}

test("a live check has asked the server before rules, parser and schemas are loaded", () => {
  const loaded = [...loadedWith("live.ts")];
  expect(loaded).toContain("check/check-live.ts");
  expect(
    loaded.filter((file) => /^(rules|understand|matrix|replay|parse|report)\/|^(zod|libpg-query|c12|pg)$/.test(file)),
  ).toEqual([]);
});

test("what judges a live database loads nothing that replays", () => {
  const loaded = [...loadedWith("check/judge-live.ts"), ...loadedWith("reports.ts")];
  expect(loaded).toContain("rules/index.ts");
  expect(loaded.filter((file) => /^(replay|find)\//.test(file) || file === "pg")).toEqual([]);
});

test.each([
  {},
  { flags: { failOn: "medium" } },
  { env: { WATERTIGHT_STRICT: "yes", WATERTIGHT_SERVER: "" } },
  { config: { failOn: "low" }, file: "watertight.config.ts" },
] as const)("options come out the same either way: %j", async (sources) => {
  expect(await resolveLightly(sources)).toEqual(resolveOptions(sources));
});

test.each([{ flags: { failOn: "loud" } }, { flags: { nothing: 1 } }, { env: { WATERTIGHT_FAIL_ON: "loud" } }])(
  "a wrong value is refused either way: %j",
  async (sources) => {
    const error: unknown = await resolveLightly(sources).catch((reason: unknown) => reason);
    expect(() => resolveOptions(sources)).toThrow((error as Error).message);
  },
);
