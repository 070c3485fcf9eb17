// Configuration files of every kind on disk, and what is said of broken ones. (The files are read; no database takes part.)
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConfigError, type ConfigErrorCode } from "../../src/config/config-error.ts";
import { loadConfig, type LoadConfigOptions } from "../../src/config/load-config.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "watertight-config-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

async function refusal(code: ConfigErrorCode, options?: LoadConfigOptions): Promise<string> {
  const error = await loadConfig(folder, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  const { code: given, exitCode, message } = error as ConfigError;
  expect({ given, exitCode }).toEqual({ given: code, exitCode: 2 });
  expect(message).not.toContain(folder);
  return message;
}

const typescript = `import { defineConfig } from "@watertight/audit";
enum Column { Tenant = "org_id" }
const column: string = Column.Tenant;
export default defineConfig({ tenant: { column }, global: ["plans"] });`;

test.each([
  ["watertight.config.ts", typescript],
  ["watertight.config.ts", typescript.replace("@watertight/audit", "watertight")],
  ["watertight.config.mts", typescript],
  ["watertight.config.js", `export default { tenant: { column: "org_id" }, global: ["plans"] };`],
  ["watertight.config.mjs", `export default { tenant: { column: "org_id" }, global: ["plans"] };`],
  ["watertight.config.cjs", `module.exports = { tenant: { column: "org_id" }, global: ["plans"] };`],
  ["watertight.config.json", `{ "$schema": "x", "tenant": { "column": "org_id" }, "global": ["plans"] }`],
])("%s", async (name, text) => {
  await write({ [name]: text });
  const { config, file } = await loadConfig(folder);
  expect(config).toMatchObject({ tenant: { column: "org_id" }, global: ["plans"] });
  expect(file).toBe(name);
  expect(await readdir(folder)).toEqual([name]);
});

test("no file is an empty configuration; a named one must exist", async () => {
  expect(await loadConfig(folder)).toEqual({ config: {}, file: null });
  expect(await refusal("WT_CONFIG_FILE", { file: "other.ts" })).toContain("other.ts does not exist");
});

test("a named file is used in place of the usual one, imports of its own included", async () => {
  await write({
    "watertight.config.ts": "export default { tenant: { column: 'a' } };",
    "ci/strict.ts": "import { column } from './column.ts'; export default { tenant: { column } };",
    "ci/column.ts": "export const column = 'b' as const;",
  });
  expect((await loadConfig(folder, { file: "ci/strict.ts" })).config).toEqual({ tenant: { column: "b" } });
});

test("nothing else is loaded: rc files, package.json, .env, .config, extends", async () => {
  const home = join(folder, "home");
  vi.stubEnv("HOME", home);
  try {
    await write({
      ".watertightrc": "strict=true",
      "home/.watertightrc": "strict=true",
      ".env": "WATERTIGHT_FAIL_ON=low",
      "package.json": `{ "watertight": { "strict": true } }`,
      ".config/watertight.ts": "export default { strict: true };",
      "base/watertight.config.ts": "export default { strict: true };",
    });
    expect(await loadConfig(folder)).toEqual({ config: {}, file: null });
    await write({ "watertight.config.ts": "export default { global: ['a'] };" });
    expect((await loadConfig(folder)).config).toEqual({ global: ["a"] });
    expect(process.env["WATERTIGHT_FAIL_ON"]).toBeUndefined();
    await write({ "watertight.config.ts": "export default { extends: './base' };" });
    expect(await refusal("WT_CONFIG_OPTION")).toContain("watertight.config.ts: extends is not an option");
    await write({ "watertight.config.ts": "export default { $production: { strict: true } };" });
    expect(await refusal("WT_CONFIG_OPTION")).toContain("$production is not an option");
  } finally {
    vi.unstubAllEnvs();
  }
});

test("a function is called", async () => {
  await write({ "watertight.config.ts": "export default async () => ({ strict: true });" });
  expect((await loadConfig(folder)).config).toEqual({ strict: true });
});

test("two files are one too many", async () => {
  await write({ "watertight.config.ts": "export default {};", "watertight.config.json": "{}" });
  expect(await refusal("WT_CONFIG_FILE")).toContain("watertight.config.ts and watertight.config.json; only one");
});

test.each([
  [
    "a syntax error",
    "export default {\n  tenant: { column: 'x' ;",
    /^WT_CONFIG_FILE: watertight\.config\.ts:2:\d+ cannot be loaded: Unexpected token/,
  ],
  ["an empty export", "export const config = { strict: true };", /watertight\.config\.ts has no default export/],
  ["a number", "export default 7;", /default export must be an object, it is 7/],
  ["a file that throws", "throw new Error('no luck');", /cannot be loaded: no luck/],
  ["a missing import", "import 'not-there-at-all'; export default {};", /cannot be loaded: .*not-there-at-all/],
  ["null", "export default null;", /default export must be an object, it is null/],
])("%s", async (_name, text, message) => {
  await write({ "watertight.config.ts": text });
  const said = await loadConfig(folder).catch((error: unknown) => (error as ConfigError).message);
  expect(said).toMatch(message);
  expect(said).not.toContain(folder);
});

test("broken JSON", async () => {
  await write({ "watertight.config.json": "{ tenant: " });
  expect(await refusal("WT_CONFIG_FILE")).toContain("watertight.config.json cannot be loaded");
});

test("an option that nobody knows is told with its file and the one that was meant", async () => {
  await write({ "watertight.config.ts": "export default { tenant: { colum: 'x' }, strikt: true };" });
  const said = await refusal("WT_CONFIG_OPTION");
  expect(said).toContain("watertight.config.ts: strikt is not an option; did you mean strict?");
  expect(said).toContain("watertight.config.ts: tenant.colum is not an option; did you mean tenant.column?");
});

test("accepted risks: run out, too far ahead, allowed further by acceptDays", async () => {
  const today = new Date("2026-11-21T00:00:00Z");
  const accept = (expires: string, more = ""): Promise<void> =>
    write({
      "watertight.config.ts": `export default { accept: [{ rule: "A1", target: "posts", reason: "public by design", expires: "${expires}" }]${more} };`,
    });
  await accept("2026-11-20");
  expect(await refusal("WT_CONFIG_ACCEPT", { today })).toContain(
    "watertight.config.ts: accept[0] (A1 posts) expired on 2026-11-20",
  );
  expect((await loadConfig(folder, { today, expired: "report" })).config.accept).toHaveLength(1);
  await accept("2027-06-01");
  expect(await refusal("WT_CONFIG_ACCEPT", { today })).toContain("at most 90 days are allowed, until 2027-02-19");
  expect(await refusal("WT_CONFIG_ACCEPT", { today, expired: "report" })).toContain("at most 90 days");
  await accept("2027-06-01", ", acceptDays: 365");
  expect((await loadConfig(folder, { today })).config.acceptDays).toBe(365);
});
