import { describe, expect, test } from "vitest";
import { brief, read } from "./set-of.ts";

const lines = (...all: string[]): string => all.join("\n");

describe("psql's commands", () => {
  test("that only concern its output are no loss", async () => {
    const sql = lines(
      "\\set ON_ERROR_STOP on",
      "\\timing",
      "\\echo 'a;b' \\\\",
      "\\pset pager off",
      "\\restrict abc",
      "\\dt+ x",
      "select 1 \\g",
    );
    const statements = await read(sql);
    expect(statements.filter(({ skip }) => skip?.matters)).toEqual([]);
    expect(statements.at(-1)).toMatchObject({ type: "SelectStmt", text: "select 1" });
  });

  const lost: [line: string, reason: string, matters: boolean][] = [
    ["select 1 \\gexec", "\\gexec runs the rows of the query before it as statements", true],
    ["select 1 as a \\gset", "\\gset sets variables from a query, known only when it runs", true],
    ["\\! rm x", "\\! runs a program outside of the database", true],
    ["\\copy t from 'x.csv' csv", "\\copy moves rows between the database and a file of the client", false],
    ["\\c other", "\\c other: what follows runs in the same database", false],
    ["\\connect - app", "\\connect - app: what follows runs in the same database and as the same role", true],
    ["\\i 'x y.sql'", "\\i x y.sql: not found in the project", true],
    ["\\i /etc/passwd", "\\i /etc/passwd: outside of the project, not read", true],
    ["\\ir ../../x.sql", "\\ir ../../x.sql: outside of the project, not read", true],
    ["\\i :dir/x.sql", "\\i names a file by a value that is not known here", true],
    ["\\set x `date`", "\\set sets a variable of psql", true],
    ["\\g |cat", "\\g sends the result outside", false],
    ["\\wibble", "\\wibble is not a command of psql that is known here", true],
  ];
  test.each(lost)("%s", async (line, reason, matters) => {
    expect((await read(line)).find(({ skip }) => skip)?.skip).toEqual({ reason, matters });
  });

  test("\\q ends the script, but not when it guards an extension's", async () => {
    expect((await read("select 1;\n\\q\nselect 2;")).map(brief)).toEqual([
      "1:1 SelectStmt",
      "2:1 skip: \\quit ends the script",
      "3:1 skip: psql stops at \\quit above",
    ]);
    const script = await read('\\echo Use "CREATE EXTENSION x" to load this file. \\quit\nselect 2;');
    expect(script.map(({ type }) => type)).toEqual(["", "SelectStmt"]);
  });

  test("\\if chooses a branch, and says when it can't", async () => {
    const sql = lines(
      "\\set yes on",
      "\\if :yes",
      "select 1;",
      "\\elif true",
      "select 2;",
      "\\else",
      "select 3;",
      "\\endif",
      "\\if :{?nope}",
      "select 4;",
      "\\else",
      "select 5;",
      "\\endif",
      "\\if :unset",
      "select 6;",
      "\\endif",
      "select 7;",
    );
    const statements = await read(sql);
    const run = statements.filter(({ tree }) => tree !== null).map(({ text }) => text);
    expect(run).toEqual(["select 1", "select 5", "select 7"]);
    expect(statements.find(({ text }) => text === "select 2")?.skip).toEqual({
      reason: "in a branch of \\if that psql does not take",
      matters: false,
    });
    expect(statements.find(({ text }) => text === "select 6")?.skip).toEqual({
      reason: "\\if :unset: its value is known to psql only",
      matters: true,
    });
  });
});

describe("variables", () => {
  test("are filled in as psql does, outside of quotes", async () => {
    const sql = lines(
      "\\set role app",
      "\\set what 'it''s'",
      `create role :"role" password :'what';`,
      "grant :role to x;",
      "select ':role', a::int, b[1:2];",
      "\\unset role",
      "select :role;",
    );
    const statements = (await read(sql)).filter(({ skip }) => skip === undefined);
    expect(statements.map(({ text }) => text)).toEqual([
      `create role "app" password 'it''s'`,
      "grant app to x",
      "select ':role', a::int, b[1:2]",
      "select role",
    ]);
    expect(statements.map(({ adapted }) => adapted)).toEqual([
      `:"role" filled in as psql does, :'what' filled in as psql does`,
      ":role filled in as psql does",
      undefined,
      ":role read as role",
    ]);
  });

  test("given by configuration are set from the start", async () => {
    const [statement] = await read("create schema :app;", { tool: "sqitch", placeholders: { app: "core" } });
    expect(statement?.text).toBe("create schema core");
  });
});

describe("included files", () => {
  const included = {
    "db/b.sql": "create table b ();\n\\ir sub/c.sql",
    "db/sub/c.sql": "\\i db/a.sql\nselect :x;",
    "d.sql": "select 4",
  };

  test("stand where they are named, relative as \\i and \\ir say, and share the session", async () => {
    const statements = await read("\\set x 1\n\\i b.sql\n\\i d.sql", { included });
    expect(statements.map((statement) => `${statement.place.file} ${brief(statement)}`)).toEqual([
      "db/a.sql 1:1 skip: \\set sets a variable of psql",
      "db/a.sql 2:1 skip: \\i b.sql",
      "db/b.sql 1:1 CreateStmt",
      "db/b.sql 2:1 skip: \\ir sub/c.sql",
      "db/sub/c.sql 1:1 skip: \\i db/a.sql: not found in the project",
      "db/sub/c.sql 2:1 SelectStmt",
      "db/a.sql 3:1 skip: \\i d.sql",
      "d.sql 1:1 SelectStmt",
    ]);
  });

  test("that include themselves end there", async () => {
    const statements = await read("\\i b.sql", { included: { "db/b.sql": "select 1;\n\\i b.sql" } });
    expect(statements.map(brief)).toEqual([
      "1:1 skip: \\i b.sql",
      "1:1 SelectStmt",
      "2:1 skip: \\i b.sql: it includes itself",
    ]);
  });
});
