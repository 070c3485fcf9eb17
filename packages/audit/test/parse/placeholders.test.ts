import { describe, expect, test } from "vitest";
import type { MigrationSet } from "../../src/find/migration.ts";
import { read } from "./set-of.ts";

describe("placeholders", () => {
  const cases: [name: string, sql: string, text: string, adapted: string | undefined, over?: Partial<MigrationSet>][] =
    [
      ["a role", "grant select on t to ${app_role}", "grant select on t to app_role", "${app_role} read as app_role"],
      [
        "in camel case and a path",
        "grant app to {{ config.appRole }}",
        "grant app to app_role",
        "{{ config.appRole }} read as app_role",
      ],
      [
        "a schema that nothing makes",
        "create table ${schema}.t (a int)",
        "create table public.t (a int)",
        "${schema} read as public",
      ],
      [
        "part of a name",
        "create table @@prefix@@_t (a int)",
        "create table prefix_t (a int)",
        "@@prefix@@ read as prefix",
      ],
      [
        "in a quoted name",
        'create table "${schema}"."<%= table %>" (a ${type})',
        'create table "public"."table" (a type)',
        "${schema} read as public, <%= table %> read as table, ${type} read as type",
      ],
      ["a number", "create table t (a varchar(${length}))", "create table t (a varchar(1))", "${length} read as 1"],
      [
        "a string",
        "create role a password ${password}",
        "create role a password 'password'",
        "${password} read as 'password'",
      ],
      [
        "psql's literal and name",
        `create role :"who" password :'secret'`,
        `create role "who" password 'secret'`,
        `:"who" read as "who", :'secret' read as 'secret'`,
      ],
      ["psql's bare one", "grant a to :who", "grant a to who", ":who read as who"],
      ["within quotes only is text", "select 'Hello {{name}}'", "select 'Hello {{name}}'", undefined],
      [
        "within quotes too where the file has it outside",
        "do $$ begin execute 'grant a to ${who}'; end $$; grant a to ${who}",
        "do $$ begin execute 'grant a to who'; end $$",
        "${who} read as who",
      ],
      ["in a comment is nothing", "select 1 -- ${x}\n, 2", "select 1 -- ${x}\n, 2", undefined],
      [
        "Flyway's own, configured, within quotes too",
        "do $$ begin execute 'grant a to ${Who}'; end $$",
        "do $$ begin execute 'grant a to joe'; end $$",
        "${Who} read as joe",
        { tool: "flyway", placeholders: { who: "joe" } },
      ],
      [
        "Flyway's default schema",
        "create table ${flyway:defaultSchema}.t ()",
        "create table public.t ()",
        "${flyway:defaultSchema} read as public",
        { tool: "flyway" },
      ],
      [
        "Graphile Migrate's, within quotes too",
        "do $$ begin execute 'grant a to :DATABASE_OWNER'; end $$",
        "do $$ begin execute 'grant a to database_owner'; end $$",
        ":DATABASE_OWNER read as database_owner",
        { tool: "graphile-migrate" },
      ],
      [
        "Graphile Migrate's, configured",
        "grant a to :DATABASE_VISITOR",
        "grant a to visitor",
        ":DATABASE_VISITOR read as visitor",
        { tool: "graphile-migrate", placeholders: { DATABASE_VISITOR: "visitor" } },
      ],
    ];
  test.each(cases)("%s", async (_, sql, text, adapted, over = {}) => {
    const [statement] = await read(sql, over);
    expect(statement).toMatchObject({ text, problem: null });
    expect(statement?.adapted).toBe(adapted);
  });

  test("a schema that the migrations make keeps its name", async () => {
    const statements = await read("create schema if not exists ${app_schema}; create table ${app_schema}.t ()");
    expect(statements.map(({ text }) => text)).toEqual([
      "create schema if not exists app_schema",
      "create table app_schema.t ()",
    ]);
  });

  const refused: [name: string, sql: string, problem: string][] = [
    ["a whole piece of SQL", "${statements}", 'syntax error at or near "$"; no value is known for ${statements}'],
    ["columns", "create table t (a int, ${columns})", 'syntax error at or near "$"; no value is known for ${columns}'],
    [
      "an expression",
      "create table t (a ${types.join()})",
      'syntax error at or near "$"; ${types.join()} is filled in by a program',
    ],
    ["a number between dollars", "grant select on t to $1$", 'syntax error at or near "$1"; no value is known for $1$'],
    [
      "a name between dollars",
      "create schema $app$; create table $app$.t ()",
      'syntax error at or near "$app$; create table $app$"; no value is known for $app$',
    ],
  ];
  test.each(refused)("no value for %s", async (_, sql, problem) => {
    const [statement] = await read(sql);
    expect(statement).toMatchObject({ tree: null, problem, text: sql });
  });

  test("a statement that reads well is left alone, whatever its colons mean", async () => {
    const sql = "select a[1:b], '{\"c\":d}'::jsonb, 'x' :: text";
    const [statement] = await read(sql);
    expect(statement).toMatchObject({ text: sql, problem: null });
    expect(statement).not.toHaveProperty("adapted");
  });
});
