// Names of new migrations in every tool's own numbering; Drizzle's journal; SQL and words of a fix.
import { beforeAll, describe, expect, test } from "vitest";
import type { MigrationSet, MigrationTool } from "../../src/find/migration.ts";
import type { FixPlan } from "../../src/fix/fix-plan.ts";
import { listingOf, migrationFiles } from "../../src/fix/migration-files.ts";
import { splitAdvice } from "../../src/fix/split-advice.ts";
import { whyNotWritten } from "../../src/fix/tools/form-of.ts";
import { loadParser } from "../../src/understand/sql/parser.ts";

const now = new Date("2026-11-21T10:20:30Z");
const plan: FixPlan = {
  statements: [
    { sql: "create unique index concurrently k on t (a)", lock: "concurrent", findings: ["E1-t"] },
    { sql: "alter table t enable row level security", lock: "short", findings: ["A1-t", "A1-t"] },
    { sql: "revoke truncate on t from app", lock: "short", findings: ["F1-t"] },
  ],
  left: [],
  application: [`Sign-up: ${"long ".repeat(40)}\ndrop table t;`],
};
const setOf = (tool: MigrationTool, ...files: string[]): MigrationSet => ({
  tool,
  folder: "db",
  unread: [],
  evidence: [],
  migrations: files.map((file) => ({ name: file, tool, file, transaction: true, fragments: [] })),
});

test("what the application must do stands at the head of the last file, and no name in it begins a statement", () => {
  const [indexes, rest] = migrationFiles(setOf("sql", "db/1_a.sql"), plan, now);
  expect(indexes!.text).not.toContain("Sign-up");
  const head = rest!.text.slice(0, rest!.text.indexOf("alter table"));
  expect(head).toContain("-- What your application must do when all files have run:\n-- * Sign-up: long");
  expect(
    head
      .trimEnd()
      .split("\n")
      .every((line) => line.startsWith("-- ")),
  ).toBe(true);
  expect(head).toMatch(/drop table t;\n-- A1-t\n$/);
});

describe("names of new migrations", () => {
  test.each<[MigrationTool, string[], string[]]>([
    ["sql", ["db/0009_a.sql", "db/0010_b.sql"], ["db/0011_watertight_indexes.sql", "db/0012_watertight.sql"]],
    ["sql", ["db/1_a.sql"], ["db/2_watertight_indexes.sql", "db/3_watertight.sql"]],
    [
      "supabase",
      ["s/20240101000000_a.sql"],
      ["s/20261121102030_watertight_indexes.sql", "s/20261121102031_watertight.sql"],
    ],
    // later than the last one, also where that one lies in the future
    [
      "supabase",
      ["s/20991231235959_a.sql"],
      ["s/20991231235960_watertight_indexes.sql", "s/20991231235961_watertight.sql"],
    ],
    [
      "prisma",
      ["p/migrations/20240101000000_a/migration.sql"],
      [
        "p/migrations/20261121102030_watertight_indexes/migration.sql",
        "p/migrations/20261121102031_watertight/migration.sql",
      ],
    ],
    ["drizzle", ["drizzle/0003_x.sql"], ["drizzle/0004_watertight_indexes.sql", "drizzle/0005_watertight.sql"]],
    [
      "dbmate",
      ["db/20240101000000_a.sql"],
      ["db/20261121102030_watertight_indexes.sql", "db/20261121102031_watertight.sql"],
    ],
    ["golang-migrate", ["db/000007_a.up.sql"], ["db/000008_watertight_indexes.up.sql", "db/000009_watertight.up.sql"]],
    ["do-undo", ["db/007.do.a.sql"], ["db/008.do.watertight_indexes.sql", "db/009.do.watertight.sql"]],
    ["flyway", ["db/V1_2__a.sql", "db/V3__b.sql"], ["db/V4__watertight_indexes.sql", "db/V5__watertight.sql"]],
  ])("%s %j", (tool, files, expected) => {
    const set = setOf(tool, ...files);
    const written = migrationFiles(set, plan, now);
    expect(written.map(({ file }) => file)).toEqual(expected);
    expect(whyNotWritten(set)).toBeNull();
    const [indexes, rest] = written;
    expect(indexes!.text).toContain("concurrently");
    expect(indexes!.migration.transaction).toBe(false);
    expect(rest!.text).not.toContain("concurrently");
    expect(rest!.text).toContain("-- A1-t\nalter table t enable row level security;");
  });

  test("a dump, and a folder without a migration, have no next one", () => {
    expect(whyNotWritten(setOf("pg_dump", "db/schema.sql"))).toMatch(/dump/);
    expect(whyNotWritten(setOf("knex"))).toMatch(/no migration/);
  });

  test("what tools want around the SQL", () => {
    const text = (tool: MigrationTool, file: string): string[] =>
      migrationFiles(setOf(tool, file), plan, now).map((each) => each.text);
    expect(text("dbmate", "db/1_a.sql")[0]).toMatch(/^-- migrate:up transaction:false\n[^]*-- migrate:down\n$/);
    expect(text("drizzle", "db/0001_a.sql")[1]).toContain("security;\n--> statement-breakpoint\n-- F1-t");
  });

  test("Drizzle's journal keeps what is there and runs what is new", () => {
    const before = {
      version: "7",
      dialect: "postgresql",
      entries: [{ idx: 3, version: "7", when: now.getTime() + 5, tag: "0003_x", breakpoints: true }],
    };
    const set = setOf("drizzle", "d/0003_x.sql");
    const listing = listingOf(set, migrationFiles(set, plan, now), now)!;
    expect(listing.file).toBe("d/meta/_journal.json");
    const after = JSON.parse(listing.added(JSON.stringify(before), now));
    expect(after.entries[0]).toEqual(before.entries[0]);
    expect(after.entries.slice(1)).toEqual([
      { idx: 4, version: "7", when: now.getTime() + 6, tag: "0004_watertight_indexes", breakpoints: true },
      { idx: 5, version: "7", when: now.getTime() + 7, tag: "0005_watertight", breakpoints: true },
    ]);
  });
});

describe("SQL and words of a fix", () => {
  beforeAll(loadParser);

  test.each([
    ["revoke truncate on t from app;", ["revoke truncate on t from app"], ""],
    [
      "alter table t force row level security; and let a role own it",
      ["alter table t force row level security"],
      "and let a role own it",
    ],
    [
      "-- first\nalter table t force row level security;\n-- and let a role own it\n-- that nobody is",
      ["alter table t force row level security"],
      "and let a role own it\nthat nobody is",
    ],
    ["alter table t owner to …; a role of its own", [], "alter table t owner to …; a role of its own"],
    ["compare the tenant in the function", [], "compare the tenant in the function"],
    [
      "alter table a add unique (x, y);\nalter table b validate constraint c;",
      ["alter table a add unique (x, y)", "alter table b validate constraint c"],
      "",
    ],
  ])("%s", (fix, statements, words) => {
    const advice = splitAdvice(fix);
    expect([advice.statements.map(({ sql }) => sql), advice.words]).toEqual([statements, words]);
  });
});
