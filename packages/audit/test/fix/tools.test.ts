// New migrations of tools whose migrations are not plain SQL files: written, found again, and the SQL that runs is the plan's, whatever its names hold.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findMigrations } from "../../src/find/find-migrations.ts";
import type { MigrationSet, MigrationTool } from "../../src/find/migration.ts";
import type { FixPlan } from "../../src/fix/fix-plan.ts";
import { protectMark } from "../../src/fix/mark.ts";
import { fitted, listingOf, migrationFiles } from "../../src/fix/migration-files.ts";
import { whyNotWritten } from "../../src/fix/tools/form-of.ts";
import { writeFiles } from "../../src/fix/write-files.ts";
import { projectOf } from "../find/project-of.ts";
import { projects } from "./written-projects.ts";

const now = new Date("2026-11-21T10:20:30Z");
// ends a template, opens an expression, ends a comment, looks like a value to Knex; CR and LF; and what is escaped already
const name = '"a` ${process.exit(1)} */ ? :who \\n \\` \\\\? \r\n--! x ""\u2028\'';
const plan: FixPlan = {
  statements: [
    { sql: `create unique index concurrently k on t (${name}")`, lock: "concurrent", findings: ["E1-t"] },
    { sql: `create index concurrently l on t (b)`, lock: "concurrent", findings: ["E2-t"] },
    { sql: `alter table ${name}" enable row level security`, lock: "short", findings: [`A1-${name}`] },
    { sql: `alter table "a\\?b" add check (a ? 'x' and b ~ '\\?')`, lock: "short", findings: ["E5-t"] },
    { sql: "do $$ begin perform '\\n'; end $$", lock: "short", findings: ["F1-t"] },
  ],
  left: [],
  application: ["Set the tenant`${x}?"],
};
const first = "create table t (a int);";
/** The project with the plan's migrations, as a finder sees it. */
async function written(files: Parameters<typeof projectOf>[0]) {
  const root = await projectOf(files);
  const [set] = await findMigrations(root);
  const fit = fitted(set!, plan, now);
  const news = migrationFiles(set!, fit, now);
  const names = await writeFiles(root, news, listingOf(set!, news, now), now);
  const [after] = await findMigrations(root);
  return { root, set: set!, fit, news, names, after: after! };
}

// the current migration runs last, and is empty here
const runsBefore = ({ migrations }: MigrationSet): MigrationSet["migrations"] =>
  migrations.filter(({ file }) => !file.endsWith("/current.sql"));

describe.each(projects)("$tool, $about", ({ tool, files, names, outside }) => {
  test("what is written is found again, behind what was there, and runs the plan's statements", async () => {
    const { set, fit, news, after } = await written(files(first));
    expect(set.tool).toBe(tool);
    expect(whyNotWritten(set)).toBeNull();
    expect(after.unread).toEqual([]);
    const before = runsBefore(set);
    expect(runsBefore(after).slice(0, before.length)).toEqual(before);
    const found = runsBefore(after).slice(before.length);
    expect(found.map(({ file }) => file)).toEqual(news.map(({ file }) => file));
    if (outside === null) expect(found).toHaveLength(1);
    else expect(found[0]!.file).toMatch(names[0]);
    expect(found.at(-1)!.file).toMatch(names[1]);
    const ran = found.map(({ fragments }) => fragments.map(({ sql }) => sql));
    for (const [at, own] of ran.entries())
      if (found[at]!.file.endsWith(".sql")) expect(own.join("")).toContain(news[at]!.sql);
      else expect(`${own.join("\n")}\n`).toBe(news[at]!.sql);
    const all = news.map(({ sql }) => sql).join("");
    expect(fit.statements.filter(({ sql }) => !all.includes(`\n${sql};\n`))).toEqual([]);
    for (const own of ran) expect(own.join("")).toContain(protectMark);
    if (outside === null) {
      expect(all).not.toContain("concurrently");
      expect(all).toContain("\n-- What makes indexes or fills rows blocks writes");
    } else {
      expect(news[0]!.text).toMatch(outside);
      expect(all).toContain("concurrently");
      expect(found[0]!.transaction).toBe(false);
    }
    expect(found.at(-1)!.transaction).toBe(tool !== "sqitch");
  });
});

describe("kysely runs all that is pending in one transaction", () => {
  test.each(["ts", "mjs", "cjs"])(".%s", async (extension) => {
    const begin = extension === "cjs" ? "exports.up = async (db) =>" : "export const up = async (db) =>";
    const kysely = extension === "cjs" ? 'const { sql } = require("kysely");' : 'import { sql } from "kysely";';
    const { fit, news, after } = await written({
      [`migrations/2024-01-01_a.${extension}`]: `${kysely}\n${begin} { await sql.raw(${JSON.stringify(first)}).execute(db); };\n`,
    });
    expect(fit.statements.map(({ lock }) => lock)).toEqual(["blocking", "blocking", "short", "short", "short"]);
    expect(fit.statements[0]!.sql).toMatch(/^create unique index k/);
    expect(news).toHaveLength(1);
    expect(after.migrations.map(({ file }) => file)).toEqual([
      `migrations/2024-01-01_a.${extension}`,
      `migrations/2026-11-21_1_watertight.${extension}`,
    ]);
    expect(after.migrations[1]!.fragments.map(({ sql }) => sql).join("\n")).toBe(news[0]!.sql.trimEnd());
  });
});

test("Drizzle runs all that is pending in one transaction, and batches do not commit there", () => {
  const set = { tool: "drizzle", folder: "d", unread: [], evidence: [], migrations: [] } as MigrationSet;
  const backfill = {
    sql: "do $$\nbegin\n  loop\n    exit;\n    commit;\n  end loop;\nend $$",
    lock: "batches",
    findings: [],
  } as const;
  const own = {
    ...set,
    migrations: [{ name: "a", tool: "drizzle", file: "d/0000_a.sql", transaction: true, fragments: [] }],
  } as const;
  const [statement] = fitted(own, { ...plan, statements: [backfill] }, now).statements;
  expect(statement).toEqual({ ...backfill, lock: "blocking", sql: backfill.sql.replace("    commit;\n", "") });
});

describe("Sqitch", () => {
  const sqitchProject = projects.find(({ tool }) => tool === "sqitch")!;

  test("the plan keeps its lines and names the new changes, each requiring the one before", async () => {
    const { root, names } = await written(sqitchProject.files(first));
    expect(names).toEqual([
      "deploy/watertight_indexes.sql",
      "revert/watertight_indexes.sql",
      "verify/watertight_indexes.sql",
      "deploy/watertight.sql",
      "revert/watertight.sql",
      "verify/watertight.sql",
      "sqitch.plan",
    ]);
    const lines = (await readFile(join(root, "sqitch.plan"), "utf8")).split("\n");
    expect(lines.slice(4)).toEqual([
      "@v1 2024-01-02T00:00:00Z A <a@example.com> # tag",
      "watertight_indexes [first] 2026-11-21T10:20:30Z watertight protect <protect@watertight.invalid> # Tenant isolation: watertight_indexes",
      "watertight [watertight_indexes] 2026-11-21T10:20:30Z watertight protect <protect@watertight.invalid> # Tenant isolation: watertight",
      "",
    ]);
    expect(await readFile(join(root, "deploy/watertight.sql"), "utf8")).toMatch(/^BEGIN;\n[^]*\nCOMMIT;\n$/);
    expect(await readFile(join(root, "verify/watertight.sql"), "utf8")).toContain("select 1 / relrowsecurity::int");
  });

  test("a name that is taken gets a number", async () => {
    const { root } = await written(sqitchProject.files(first));
    const [set] = await findMigrations(root);
    expect(migrationFiles(set!, plan, now).map(({ file }) => file)).toEqual([
      "deploy/watertight_indexes_2.sql",
      "deploy/watertight_2.sql",
    ]);
  });
});

describe("Graphile Migrate", () => {
  const graphile = projects.find(({ tool }) => tool === "graphile-migrate")!;

  test("each committed migration carries the hash of itself and of the one before", async () => {
    const { news } = await written(graphile.files(first));
    const headers = news.map(({ text }) => /^--! Previous: (\S+)\n--! Hash: (\S+)\n\n([^]*)$/.exec(text)!);
    for (const [at, [, previous, hash, body]] of headers.entries()) {
      if (at > 0) expect(previous).toBe(headers[at - 1]![2]);
      const own = createHash("sha1").update(`${previous}\n${body!.trim()}\n`).digest("hex");
      expect(hash).toBe(`sha1:${own}`);
    }
  });

  test("nothing is written while a migration is not committed: it would run after the new ones", async () => {
    const root = await projectOf({ ...graphile.files(first), "migrations/current.sql": "create table u ();\n" });
    const [set] = await findMigrations(root);
    expect(whyNotWritten(set!)).toMatch(/^migrations\/current\.sql holds .* graphile-migrate commit first$/);
  });
});

test("tools that send a file at once get a file for each index", () => {
  const set = (tool: MigrationTool, file: string): MigrationSet => ({
    tool,
    folder: "db",
    unread: [],
    evidence: [],
    migrations: [{ name: file, tool, file, transaction: true, fragments: [] }],
  });
  const files = (tool: MigrationTool, file: string): string[] =>
    migrationFiles(set(tool, file), plan, now).map((each) => each.file);
  expect(files("golang-migrate", "db/7_a.up.sql")).toEqual([
    "db/8_watertight_indexes.up.sql",
    "db/9_watertight_indexes_2.up.sql",
    "db/10_watertight.up.sql",
  ]);
  expect(files("flyway", "db/V7__a.sql")).toEqual(["db/V8__watertight_indexes.sql", "db/V9__watertight.sql"]);
});
