// A fence that has never been seen failing is not a fence: each check runs on one deliberately bad file and must refuse it.
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
// @ts-expect-error: a plain script without types
import { findBreaches, measureEntry } from "../../entry-gate/entry-gate.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const fixtures = join(root, "tools/fences/fixtures");

interface Outcome {
  code: number;
  output: string;
}

function runTool(file: string, args: string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { cwd, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

describe("oxlint", () => {
  let folder: string;
  let findings: { code: string; filename: string }[];

  // The fixtures mirror the packages' paths, so our own configuration applies to them unchanged but for its ignore list.
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "watertight-fence-"));
    await cp(join(fixtures, "lint"), folder, { recursive: true });
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const config = JSON.parse(await readFile(join(root, ".oxlintrc.json"), "utf8")) as { ignorePatterns: string[] };
    config.ignorePatterns = [];
    await writeFile(join(folder, ".oxlintrc.json"), JSON.stringify(config));
    const { output } = await runTool(
      join(root, "node_modules/oxlint/bin/oxlint"),
      ["--format=json", "packages"],
      folder,
    );
    findings = (JSON.parse(output.slice(output.indexOf("{"))) as { diagnostics: typeof findings }).diagnostics;
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const refused = (file: string): string[] =>
    findings.filter(({ filename }) => filename.endsWith(file)).map(({ code }) => code);

  for (const [file, rule] of [
    ["runtime/src/scope/imports-driver.ts", "eslint(no-restricted-imports)"],
    ["runtime/src/context/imports-driver.ts", "eslint(no-restricted-imports)"],
    ["runtime/src/drivers/pg/imports-other-driver.ts", "eslint(no-restricted-imports)"],
    ["runtime/src/fleet/budget/imports-driver.ts", "eslint(no-restricted-imports)"],
    ["runtime/src/imports-package.ts", "eslint(no-restricted-imports)"],
    ["schema/src/imports-testkit.ts", "eslint(no-restricted-imports)"],
    ["embedded/src/imports-schema.ts", "eslint(no-restricted-imports)"],
    ["audit/src/imports-testkit.ts", "eslint(no-restricted-imports)"],
    ["control/src/imports-audit.ts", "eslint(no-restricted-imports)"],
    ["audit/src/imports-runtime.ts", "eslint(no-restricted-imports)"],
    ["cli/src/cycle-a.ts", "import(no-cycle)"],
    ["cli/src/floating-promise.ts", "typescript(no-floating-promises)"],
  ] as const) {
    test(`refuses ${file}`, () => expect(refused(file)).toContain(rule));
  }

  test("lets a clean driver pass", () => expect(refused("drivers/pglite/clean.ts")).toEqual([]));

  test("lets control use runtime and schema", () => expect(refused("control/src/clean.ts")).toEqual([]));

  test("lets the audit use schema and embedded", () => expect(refused("audit/src/clean.ts")).toEqual([]));
});

test("knip refuses an import that package.json does not list", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "watertight-fence-"));
  try {
    await cp(join(fixtures, "knip"), folder, { recursive: true });
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const knip = join(root, "node_modules/knip/bin/knip.js");
    const { code, output } = await runTool(knip, ["--include", "unlisted", "--reporter", "json"], folder);
    expect(code).toBe(1);
    expect(output).toContain("fast-check");
    await writeFile(
      join(folder, "package.json"),
      JSON.stringify({ name: "f", type: "module", exports: "./index.js", dependencies: { "fast-check": "*" } }),
    );
    expect((await runTool(knip, ["--include", "unlisted", "--reporter", "json"], folder)).code).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("closed exports refuse a deep path", async () => {
  const deep = await runTool(join(fixtures, "exports/deep-import.mjs"), [], root);
  expect(deep.code).toBe(1);
  expect(deep.output).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  expect((await runTool(join(fixtures, "exports/open-import.mjs"), [], root)).code).toBe(0);
});

describe("the entry gate", () => {
  const entry = (file: string): Promise<{ gzipBytes: number; external: string[] }> =>
    measureEntry([join(fixtures, "entry-gate", file)]);

  test("refuses an entry with a dependency", async () => {
    const measured = await entry("with-dependency.ts");
    expect(measured.external).toEqual(["pg"]);
    expect(findBreaches([{ name: "bad", ...measured }])).toHaveLength(1);
  });

  test("refuses an entry over its size", async () => {
    const measured = await entry("builtin-only.ts");
    const { gzipBytes } = measured;
    expect(gzipBytes).toBeGreaterThan(20);
    expect(findBreaches([{ name: "big", ...measured, limitBytes: gzipBytes - 1 }])).toHaveLength(1);
    expect(findBreaches([{ name: "fits", ...measured, limitBytes: gzipBytes }])).toEqual([]);
  });
});
