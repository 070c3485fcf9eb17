import { describe, expect, test } from "vitest";
import type { SyntaxNode } from "../../src/history/statement.ts";
import { MOST_PIECES, MOST_TEXT } from "../../src/parse/budget.ts";
import { placeOf } from "../../src/parse/place.ts";
import { parseMigrations } from "../../src/parse/parse-migrations.ts";
import { LONGEST_STATEMENT } from "../../src/parse/parser.ts";
import { brief, read, setOf } from "./set-of.ts";

describe("places", () => {
  test("are those of the first word, after comments, in UTF-16 units", async () => {
    const sql = "-- 😀\n\n  /* c */ select 1; select\n 2;\r\ncreate table é (a int);";
    expect((await read(sql)).map(brief)).toEqual(["3:11 SelectStmt", "3:21 SelectStmt", "5:1 CreateStmt"]);
  });

  test("of a node count from its statement", async () => {
    const [statement] = await read("select 1;\n  create table t (é int,\n  b text);", {}).then((all) => all.slice(1));
    const columns = statement?.tree?.["CreateStmt"].tableElts.map(
      (node: { ColumnDef: { location: number } }) => node.ColumnDef.location,
    );
    expect(columns.map((location: number) => placeOf(statement!, location))).toEqual([
      { file: "db/a.sql", line: 2, column: 19 },
      { file: "db/a.sql", line: 3, column: 3 },
    ]);
  });

  test("of a literal in code are those of the file, escapes included", async () => {
    const set = setOf(
      [
        { sql: "select 1;\nselect 2", line: 7, offset: 90, column: 30 },
        { sql: "select 3;\nselect 4;\nselect 5", line: 20, offset: 300, lines: [20, 20, 22] },
      ],
      { tool: "typeorm" },
      "src/1.ts",
    );
    expect((await parseMigrations(set)).map(brief)).toEqual([
      "7:30 SelectStmt",
      "8:1 SelectStmt",
      "20:1 SelectStmt",
      "20:1 SelectStmt",
      "22:1 SelectStmt",
    ]);
  });
});

describe("one bad statement costs only itself", () => {
  const cases: [name: string, sql: string, expected: string[]][] = [
    [
      "a misspelt word",
      "select 1;\nselekt 2;\nselect 3;",
      ["1:1 SelectStmt", '2:1 syntax error at or near "selekt"', "3:1 SelectStmt"],
    ],
    [
      "a problem further down names its line",
      "select 1;\ncreate table t (\n  a int,\n  b int c\n);\nselect 3",
      ["1:1 SelectStmt", '2:1 syntax error at or near "c" (line 4)', "6:1 SelectStmt"],
    ],
    [
      "a quote too many",
      "select 1;\ninsert into t values ('it's');\ncreate table u (a int);\nselect 'x';",
      ["1:1 SelectStmt", '2:1 syntax error at or near "s"', "3:1 CreateStmt", "4:1 SelectStmt"],
    ],
    [
      "a quote that never ends",
      "select 1;\nselect 'x;\ncreate table u (a int);\nselect 2;",
      ["1:1 SelectStmt", `2:1 unterminated quoted string at or near "'x"`, "3:1 CreateStmt", "4:1 SelectStmt"],
    ],
    [
      "a dollar quote that never ends",
      "do $body$\nbegin\n  create table x ();\nend $boyd$;\ncreate table u (a int);",
      [
        // the lines within the quote are not taken for statements, whatever they say
        `1:1 unterminated dollar-quoted string at or near "$body$\nbegin\n  create table x ();\nend $boyd$"`,
        "5:1 CreateStmt",
      ],
    ],
    [
      "a comment that never ends",
      "select 1;\n/* select 2;\nselect 3;",
      ["1:1 SelectStmt", '2:1 unterminated /* comment at or near "/* select 2;\nselect 3;"'],
    ],
    [
      "a body that never ends",
      "create function f() returns int begin atomic select 1;\nselect 2;\ncreate table t (a int);",
      ["1:1 syntax error at end of input", "2:1 SelectStmt", "3:1 CreateStmt"],
    ],
    [
      "a body with a column called end",
      "create function f() returns int begin atomic select 1 as end; select 2; end;\nselect 3;",
      ["1:1 CreateFunctionStmt", "2:1 SelectStmt"],
    ],
    [
      "a body with a column called case",
      "create function f() returns int begin atomic select 1 as case; select 2; end;\nselect 3;\nselect 4;",
      ["1:1 CreateFunctionStmt", "2:1 SelectStmt", "3:1 SelectStmt"],
    ],
    ["a NUL", "select 1;\nselect '\0';\nselect 2;", ["1:1 SelectStmt", "2:1 a NUL character", "3:1 SelectStmt"]],
  ];
  test.each(cases)("%s", async (_, sql, expected) => {
    expect((await read(sql)).map(brief)).toEqual(expected);
  });

  test("also one that breaks the parser's stack, however often", async () => {
    const sum = `select ${"1+".repeat(20_000)}1;\n`;
    const statements = await read(`${sum.repeat(40)}create table t (a int);`);
    expect(statements.map(({ problem }) => problem)).toEqual([
      ...Array.from({ length: 40 }, () => "nested too deeply for the parser"),
      null,
    ]);
  }, 60_000);

  test("also one that is too long", async () => {
    const statements = await read(`insert into t values ('${"x".repeat(5_000_000)}');select 1`);
    expect(statements.map(({ problem }) => problem)).toEqual([
      `a statement of 5000025 characters; at most ${LONGEST_STATEMENT} are parsed`,
      null,
    ]);
  });
});

test("COPY data are skipped and counted", async () => {
  const sql =
    "copy t (a) from stdin;\n1\n'2;\n\\.\ncopy u from stdin;\n\\.\ncopy v from stdin;\nselect 1;\ncopy t to stdout;\ncopy t from '/x';";
  const statements = await read(sql);
  expect(statements.map(brief)).toEqual([
    "1:1 skip: 2 lines of COPY data not read",
    "5:1 skip: 0 lines of COPY data not read",
    "7:1 skip: COPY from stdin brings rows, no schema",
    "8:1 SelectStmt",
    "9:1 skip: COPY to stdout changes nothing",
    "10:1 CopyStmt",
  ]);
  expect(statements.map(({ dataLines }) => dataLines)).toEqual([2, 0, undefined, undefined, undefined, undefined]);
});

describe("another dialect is one reason for the file", () => {
  const cases: [name: string, sql: string, problem: string][] = [
    [
      "MySQL",
      "create table `a` (\n `id` int(11) not null auto_increment\n) engine=InnoDB;\ninsert into `a` values (1);\nselect 1;",
      "MySQL (AUTO_INCREMENT): PostgreSQL refuses 2 of its 3",
    ],
    [
      "SQLite",
      "pragma foreign_keys=on;\ncreate table a (id integer primary key autoincrement);",
      "SQLite (PRAGMA): PostgreSQL refuses 2 of its 2",
    ],
    [
      "SQLite of Drizzle",
      "create table `a` (`id` integer);",
      "MySQL or SQLite (names in backticks): PostgreSQL refuses 1 of its 1",
    ],
    [
      "SQL Server",
      "create table [dbo].[a] ([id] int identity(1,1));\ngo\n",
      "SQL Server (IDENTITY(1,1)): PostgreSQL refuses 2 of its 2",
    ],
    [
      "Oracle",
      "create table a (b varchar2(10 char), c number(10) not nul);",
      "Oracle (VARCHAR2): PostgreSQL refuses 1 of its 1",
    ],
  ];
  test.each(cases)("%s", async (_, sql, problem) => {
    const statements = await read(sql);
    expect(statements.map(({ problem: own }) => own)).toEqual([`the file is written for ${problem} statements`]);
  });

  test("a few odd statements are not a file", async () => {
    const good = Array.from({ length: 9 }, (_, i) => `select ${i};`).join("\n");
    const statements = await read(`${good}\ncreate table \`a\` (b int);`);
    expect(statements).toHaveLength(10);
    expect(statements.at(-1)?.problem).toMatch(/names in backticks is MySQL or SQLite$/);
  });
});

describe("more than fits into memory", () => {
  test("the rest of the set is left out with its line, file by file", async () => {
    const line = `insert into t values ('${"x".repeat(1000)}');\n`;
    const many = line.repeat(Math.ceil(MOST_TEXT / line.length) + 10);
    const set = setOf(many);
    const [first] = set.migrations;
    const migrations = [
      first!,
      { ...first!, name: "b", file: "db/b.sql", fragments: [{ sql: "select 1;", line: 1, offset: 0 }] },
    ];
    const statements = await parseMigrations({ ...set, migrations });
    const left = statements.filter(({ problem }) => problem !== null);
    const read = statements.length - left.length;
    expect(read).toBeLessThan(MOST_TEXT / line.length);
    expect(read).toBeGreaterThan((MOST_TEXT / line.length) * 0.9);
    expect(left.map(({ place, problem }) => [place.file, place.line, problem])).toEqual([
      ["db/a.sql", read + 1, "from here on the file is not read: more than 8 MiB of statements stand before it"],
      ["db/b.sql", 1, "from here on the file is not read: more than 8 MiB of statements stand before it"],
    ]);
  });

  test("a quarter of a million short statements do not overflow anything", { timeout: 120_000 }, async () => {
    const statements = await read("select;".repeat(MOST_PIECES + 10));
    expect(statements.at(-1)?.problem).toMatch(/^from here on the file is not read: /);
    expect(statements.length).toBeGreaterThan(100_000);
  });

  test("of a long INSERT only the first rows are kept in the tree, and all of its text", async () => {
    const rows = Array.from({ length: 20_000 }, (_, row) => `(${row}, 'abc')`);
    const sql = `insert into t (a, b) values ${rows.join(", ")};\ninsert into t (a, b) values ${rows.slice(0, 50).join(", ")};`;
    const rowsOf = (tree: SyntaxNode | null): SyntaxNode[] =>
      tree!["InsertStmt"]!["selectStmt"]["SelectStmt"]["valuesLists"];
    const kept = (await read(sql)).map(({ tree, text }) => [rowsOf(tree).length, text.includes("(49, 'abc')")]);
    expect(kept).toEqual([
      [20, true],
      [50, true],
    ]);
  });
});
