import { mkdir, open, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decode } from "../../src/find/decode.ts";
import { findMigrations } from "../../src/find/find-migrations.ts";
import { LARGEST_FILE, reasonOf } from "../../src/find/project.ts";
import { parseMigrations } from "../../src/parse/parse-migrations.ts";
import { brief, find, projectOf, sqlOf, statements } from "./project-of.ts";

const utf16 = (text: string, big: boolean, mark: boolean): Uint8Array => {
  const bytes = Buffer.from(mark ? `\ufeff${text}` : text, "utf16le");
  return big ? bytes.swap16() : bytes;
};
const SQL = "create table é (a int); -- 😀\n";

describe("texts", () => {
  const decoded: [name: string, bytes: Uint8Array, note: string | null][] = [
    ["UTF-8", Buffer.from(SQL), null],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${SQL}`), null],
    ["UTF-16 little-endian", utf16(SQL, false, true), "UTF-16"],
    ["UTF-16 big-endian", utf16(SQL, true, true), "UTF-16"],
    ["UTF-16 without a mark", utf16(SQL, false, false), "UTF-16 without a byte order mark"],
    ["UTF-16 big-endian without a mark", utf16(SQL, true, false), "UTF-16 without a byte order mark"],
  ];
  test.each(decoded)("%s", (_, bytes, note) => {
    expect(decode(bytes)).toEqual({ text: SQL, note });
  });

  test("Latin-1 is read as Windows-1252, and said", () => {
    expect(decode(Buffer.from("-- caf\xe9", "latin1"))).toEqual({
      text: "-- café",
      note: "not valid UTF-8, read as Windows-1252",
    });
  });

  test.each([
    ["an archive of pg_dump", Buffer.from("PGDMP\x01\x0e\0\x04"), /pg_restore/],
    ["a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1, 0xff]), /NUL/],
    ["a NUL in text", Buffer.from("select '\0';"), /NUL/],
  ])("%s is refused", (_, bytes, reason) => {
    expect(decode(bytes)).toEqual({ text: null, reason: expect.stringMatching(reason) });
  });

  test("of a project are decoded, and what was unusual is evidence", async () => {
    const [set] = await find({
      "migrations/1.sql": utf16(SQL, false, true),
      "migrations/2.sql": Buffer.from("create table t (); -- \xe9", "latin1"),
      "migrations/3.sql": Buffer.from("PGDMP\0\0"),
      "migrations/4.sql": "create table u ();\r\n",
    });
    expect(sqlOf(set)).toEqual([SQL.trim(), "create table t (); -- é", "create table u ();"]);
    expect(set?.evidence).toContain("migrations/1.sql: UTF-16");
    expect(set?.evidence).toContain("migrations/2.sql: not valid UTF-8, read as Windows-1252");
    expect(set?.unread).toEqual([{ file: "migrations/3.sql", line: 1, reason: expect.stringMatching("pg_restore") }]);
  });
});

test.each([
  ["EACCES", "no permission to read it"],
  ["EPERM", "no permission to read it"],
  ["ENOENT", "not found"],
  ["ELOOP", "links that lead to each other"],
  ["EISDIR", "a folder, not a file"],
  ["EIO", "it can't be read (EIO)"],
])("%s: %s", (code, reason) => {
  expect(reasonOf(Object.assign(new Error(code), { code }))).toBe(reason);
});

describe("links and sizes", () => {
  test("no link leads outside, round and round, or to nothing without a word", async () => {
    const root = await projectOf({ ...statements("migrations/1_a.sql", "shared/3_c.sql"), "note.txt": "x" });
    const outside = await projectOf(statements("secret.sql", "db/1.sql"));
    const links: [target: string, link: string][] = [
      ["../shared/3_c.sql", "3_c.sql"],
      [join(outside, "secret.sql"), "4_out.sql"],
      ["nowhere.sql", "5_nothing.sql"],
      ["7_b.sql", "6_a.sql"],
      ["6_a.sql", "7_b.sql"],
      ["..", "loop"],
      [join(outside, "db"), "db"],
      ["/", "root"],
    ];
    for (const [target, link] of links) await symlink(target, join(root, "migrations", link));
    await mkdir(join(root, "migrations/8_folder.sql"));
    const [set] = await findMigrations(root, { paths: ["migrations"] });
    expect(set?.migrations.map(({ file }) => file)).toEqual(["migrations/1_a.sql", "migrations/3_c.sql"]);
    expect(set?.unread.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
      "migrations/4_out.sql: a link that leads outside of the project",
      "migrations/5_nothing.sql: not found",
      "migrations/6_a.sql: links that lead to each other",
      "migrations/7_b.sql: links that lead to each other",
      "migrations/db: a link to a folder outside of the project, not followed",
      "migrations/root: a link to a folder outside of the project, not followed",
    ]);
  });

  test("a file of 100 MB is refused with its size", async () => {
    const root = await projectOf(statements("migrations/1_a.sql"));
    const file = await open(join(root, "migrations/2_big.sql"), "w");
    await file.truncate(100 * 1024 * 1024);
    await file.close();
    const [set] = await findMigrations(root);
    expect(LARGEST_FILE).toBe(50 * 1024 * 1024);
    expect(set?.unread).toEqual([
      { file: "migrations/2_big.sql", line: 1, reason: "too large: 100 MiB, at most 50 MiB are read" },
    ]);
  });

  test("files that hold too much together are refused from there on", async () => {
    const root = await projectOf({ ...statements("migrations/1_a.sql"), "migrations/5_b.sql": "select 1;" });
    for (const name of ["2", "3", "4"]) {
      const file = await open(join(root, `migrations/${name}.sql`), "w");
      await file.truncate(45 * 1024 * 1024);
      await file.close();
    }
    const [set] = await findMigrations(root);
    expect(set?.migrations.map(({ file }) => file)).toEqual(["migrations/1_a.sql", "migrations/5_b.sql"]);
    expect(set?.unread.map(({ reason }) => reason)).toEqual([
      "not text: it holds NUL characters",
      "not text: it holds NUL characters",
      "the files read before it hold 90 MiB, at most 100 MiB are read",
    ]);
  });

  test("folders of other people's code are left out", async () => {
    const inside = ["node_modules/x", "vendor/y", "dist", "a/build", ".git", "a/node_modules/b"];
    expect(await find(statements(...inside.map((folder) => `${folder}/migrations/1.sql`)))).toEqual([]);
  });

  test("unless the user names them", async () => {
    const sets = await find(statements("vendor/db/migrations/1.sql", "migrations/1.sql"), { paths: ["vendor/db"] });
    expect(sets.map(({ folder }) => folder)).toEqual(["vendor/db/migrations"]);
  });

  test("a root that is not there is an error", async () => {
    await expect(findMigrations("/nowhere/at/all")).rejects.toThrow("ENOENT");
  });
});

describe("several sets", () => {
  test("the likeliest first: the tool's own before plain folders, examples last", async () => {
    const sets = await find({
      ...statements(
        "sql/report.sql",
        "packages/b/supabase/migrations/1_a.sql",
        "examples/demo/supabase/migrations/1_a.sql",
        "src/database/migrations/tenants/1-a.sql",
        "src/database/migrations/registry/1-a.sql",
      ),
      "db/structure.sql": "-- PostgreSQL database dump\ncreate table t ();",
    });
    expect(sets.map(({ tool, folder }) => `${tool} ${folder}`)).toEqual([
      "supabase packages/b/supabase/migrations",
      "sql src/database/migrations/registry",
      "sql src/database/migrations/tenants",
      "pg_dump db/structure.sql",
      "sql sql",
      "supabase examples/demo/supabase/migrations",
    ]);
    for (const { evidence } of sets) expect(evidence.length).toBeGreaterThan(0);
  });

  test("a set with row level security goes first", async () => {
    const sets = await find({
      ...statements("a/migrations/1.sql"),
      "b/migrations/1.sql": "create table t (); alter table t enable row level security;",
    });
    expect(sets[0]?.folder).toBe("b/migrations");
  });

  test("paths narrow the search, and one without migrations is said", async () => {
    const files = statements("a/migrations/1.sql", "b/migrations/1.sql");
    expect((await find(files, { paths: ["b"] })).map(({ folder }) => folder)).toEqual(["b/migrations"]);
    expect((await find(files, { paths: ["c"] })).map(brief)).toEqual([
      { tool: "sql", folder: ".", names: [], unread: ["c: no migration found there"] },
    ]);
    expect((await find(files, { paths: ["b/migrations/1.sql"] })).map(brief)).toEqual([
      { tool: "sql", folder: "b/migrations", names: ["1"], unread: [] },
    ]);
  });
});

test("named files are one set in the order of their names on the command line", async () => {
  const root = await projectOf({
    "b.sql": "create table b ();",
    "a.txt": "create table a ();",
    "dump.sql": "-- PostgreSQL database dump\n",
    "supabase/migrations/1_a.sql": "select 1;",
  });
  const other = await projectOf({ "c.sql": "create table c ();" });
  const sets = await findMigrations(root, {
    sql: ["b.sql", "a.txt", join(other, "c.sql"), "lost.sql", "supabase", "dump.sql"],
  });
  expect(sets).toHaveLength(1);
  const [set] = sets;
  expect(set?.migrations.map(({ name, tool }) => `${tool} ${name}`)).toEqual([
    "sql b",
    "sql a.txt",
    "sql c",
    "pg_dump dump",
  ]);
  expect(set?.unread.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
    "lost.sql: not found",
    "supabase: a folder, not a file",
  ]);
  expect(JSON.stringify(set)).not.toContain(root);
});

test("files that psql includes come with the set and no further than the project", async () => {
  const root = await projectOf({
    "sql/main.sql": "create table a ();\n\\i sql/parts/b.sql\n\\ir parts/c.sql\n\\i /etc/passwd\n\\ir ../../../x.sql\n",
    "sql/parts/b.sql": "create table b ();\n\\ir c.sql",
    "sql/parts/c.sql": "create table c ();",
  });
  const [set] = await findMigrations(root, { sql: ["sql/main.sql"] });
  expect(Object.keys(set?.included ?? {}).toSorted()).toEqual(["sql/parts/b.sql", "sql/parts/c.sql"]);
  const statementsRead = await parseMigrations(set!);
  expect(
    statementsRead.map(({ place, type, skip }) => `${place.file}:${place.line} ${type}${skip?.reason ?? ""}`),
  ).toEqual([
    "sql/main.sql:1 CreateStmt",
    "sql/main.sql:2 \\i sql/parts/b.sql",
    "sql/parts/b.sql:1 CreateStmt",
    "sql/parts/b.sql:2 \\ir c.sql",
    "sql/parts/c.sql:1 CreateStmt",
    "sql/main.sql:3 \\ir parts/c.sql",
    "sql/parts/c.sql:1 CreateStmt",
    "sql/main.sql:4 \\i /etc/passwd: outside of the project, not read",
    "sql/main.sql:5 \\ir ../../../x.sql: outside of the project, not read",
  ]);
});

test("literals of programs are parsed with their places in the program", async () => {
  const [set] = await find({
    "src/migrations/1-Rls1700000000001.ts":
      'export class Rls1700000000001 implements MigrationInterface {\n  async up(q: QueryRunner) {\n    for (const t of ["a", "b"]) {\n      await q.query(`\n        alter table ${t}\n          enable row level security`);\n    }\n    await q.query(`create role ${process.env.APP_ROLE}`);\n  }\n}\n',
  });
  const parsed = await parseMigrations(set!);
  expect(
    parsed.map(({ place, text, adapted }) => [place.line, place.column, text.replaceAll(/\s+/g, " "), adapted]),
  ).toEqual([
    [5, 9, "alter table a enable row level security", undefined],
    [5, 9, "alter table b enable row level security", undefined],
    [8, 20, "create role app_role", "${process.env.APP_ROLE} read as app_role"],
  ]);
});
