import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { parseSync, loadModule } from "libpg-query";
import { beforeAll, describe, expect, test } from "vitest";
import { split } from "../../src/parse/split.ts";
import { read } from "./set-of.ts";

const texts = (sql: string): string[] =>
  split(sql)
    .filter(({ kind }) => kind === "statement")
    .map(({ start, end }) => sql.slice(start, end));

describe("cuts at", () => {
  const cases: [name: string, sql: string, expected: string[]][] = [
    ["nothing but comments", "-- a;\n/* b; /* c; */ ; */ ;;\n", []],
    ["a semicolon in a string", "select ';', 'it''s;'; select 1", ["select ';', 'it''s;'", "select 1"]],
    [
      "a backslash before a quote, an ordinary character",
      String.raw`select '\'; select 1`,
      [String.raw`select '\'`, "select 1"],
    ],
    [
      "a backslash in an E string",
      String.raw`select E'\';', e'\\'; select 1`,
      [String.raw`select E'\';', e'\\'`, "select 1"],
    ],
    [
      "a word that ends in e, and a string",
      String.raw`select date'\'; select 1`,
      [String.raw`select date'\'`, "select 1"],
    ],
    ["a quoted name", 'create table "a;""b" (); select 1', ['create table "a;""b" ()', "select 1"]],
    [
      "dollar quotes of several tags",
      "select $$;$$, $a$;$$;$b$;$a$; select 1",
      ["select $$;$$, $a$;$$;$b$;$a$", "select 1"],
    ],
    [
      "a name with dollars, and parameters",
      "select a$b$c; select $1; select 2",
      ["select a$b$c", "select $1", "select 2"],
    ],
    ["a comment at the end of a statement", "select 1 -- ;\n; select 2 /* ; */ ;", ["select 1", "select 2"]],
    [
      "a rule of several commands",
      "create or replace rule r as on insert to t do (select 1; select 2); select 3",
      ["create or replace rule r as on insert to t do (select 1; select 2)", "select 3"],
    ],
    [
      "an open parenthesis elsewhere",
      "create table t (a int; create table u (b int)",
      ["create table t (a int", "create table u (b int)"],
    ],
    [
      "a body",
      "create function f() returns int begin atomic select case when true then 1 else 2 end; select 2; end; select 3",
      [
        "create function f() returns int begin atomic select case when true then 1 else 2 end; select 2; end",
        "select 3",
      ],
    ],
    ["BEGIN elsewhere", "begin; create table t (); end; select 1", ["begin", "create table t ()", "end", "select 1"]],
    [
      "a column named by a keyword",
      "create function f() returns int begin atomic select t.end from t; end; select 3",
      ["create function f() returns int begin atomic select t.end from t; end", "select 3"],
    ],
    ["Windows line ends", "select 1;\r\nselect 2;\r\n", ["select 1", "select 2"]],
    ["characters outside of the basic plane", "select '😀;'; select 2", ["select '😀;'", "select 2"]],
    ["a byte order mark in the middle", "select 1;\ufeffselect 2", ["select 1", "select 2"]],
  ];
  test.each(cases)("%s", (_, sql, expected) => {
    expect(texts(sql)).toEqual(expected);
  });
});

test("commands and data are pieces of their own", () => {
  const sql =
    "copy t (a) from stdin; -- c\n1;'\n\\.\n\\echo a;b\nselect 1 \\gexec\nselect\n\\echo x\n2;\n\\copy t from stdin\n3\n\\.\n";
  expect(split(sql).map((piece) => [piece.kind, sql.slice(piece.start, piece.end), piece.sentBy])).toEqual([
    ["statement", "copy t (a) from stdin", null],
    ["data", "1;'\n", null],
    ["meta", "\\echo a;b", null],
    ["statement", "select 1", "gexec"],
    ["meta", "\\gexec", null],
    ["meta", "\\echo x", null],
    ["statement", "select\n\\echo x\n2", null],
    ["meta", "\\copy t from stdin", null],
    ["data", "3\n", null],
  ]);
});

test("COPY without an end of data is no data", () => {
  expect(texts("copy t from stdin;\nselect 1;")).toEqual(["copy t from stdin", "select 1"]);
});

test("no text is lost, whatever it is", () => {
  const scrap = fc.constantFrom(
    "'",
    '"',
    "$$",
    "$a$",
    ";",
    "\\",
    "\\echo x",
    "\\.",
    "\n",
    " ",
    "/*",
    "*/",
    "--",
    "(",
    ")",
    "a",
    "E'",
    "copy t from stdin;\n",
    "create function f() begin atomic ",
    "create rule ",
    "case",
    "end",
    "1",
    "😀",
    ":x",
    "\0",
    "\ufeff",
  );
  fc.assert(
    fc.property(fc.array(scrap, { maxLength: 40 }), (scraps) => {
      const sql = scraps.join("");
      let last = 0;
      for (const { kind, start, end } of split(sql)) {
        expect(end).toBeGreaterThanOrEqual(start);
        if (kind !== "meta") expect(start).toBeGreaterThanOrEqual(last);
        if (kind !== "meta") last = end;
      }
      const units = Array.from({ length: sql.length }, (_, i) => sql.charAt(i));
      for (const { start, end } of split(sql)) units.fill(" ", start, end);
      const rest = units.join("").replaceAll("\\.", "  ").replaceAll("\\;", "  ");
      // what lies between pieces is nothing that the parser would read
      expect(split(rest)).toEqual([]);
    }),
    propertyRun(3000),
  );
});

describe("agrees with the parser", () => {
  beforeAll(async () => {
    await loadModule();
  });
  const word = fc.constantFrom("a", "b_1", "é", "😀x", '"q;""r"', "_$x$", "e", "E", "u", "atomic", "stdin");
  const literal = fc.constantFrom(
    "1",
    "'x'",
    "';'",
    "'it''s'",
    String.raw`E'\';'`,
    "$$;'$$",
    "$t$ $$; $t$",
    "1.5",
    "U&'\\0041'",
    "B'1'",
    "'a'\n'b'",
    "'\\'",
    "null",
  );
  const gap = fc.constantFrom(" ", "\n", "\r\n\t", " /* ; ' */ ", " -- ;'$$\n", " /* /* ; */ */", "\n\n");
  const statement = fc.oneof(
    fc.tuple(gap, literal, gap, literal).map(([g, a, h, b]) => `select${g}${a},${h}${b}`),
    fc
      .tuple(gap, word, gap)
      .map(([g, name, h]) => `create${g}table t_${name.startsWith('"') ? "q" : name}${h}(id int)`),
    fc
      .tuple(gap, literal)
      .map(([g, body]) => `create or replace${g}function f() returns void language sql as $f$ select ${body}; $f$`),
    fc
      .tuple(gap, literal)
      .map(
        ([g, a]) =>
          `create function f()${g}returns int begin atomic select case when true then ${a} end;${g}select 2; end`,
      ),
    gap.map((g) => `create rule r as on insert to t do also${g}(insert into u values (1);${g}delete from u;)`),
    fc.tuple(word, gap).map(([name, g]) => `select ${name}.${name}${g}from ${name}`),
    gap.map((g) => `do${g}$$ begin perform 1; end; $$`),
    fc.constantFrom(
      "begin",
      "commit",
      "",
      "copy (select 1) to stdout",
      "select a::int, b[1:2], c->>'d', @ 1, 2 operator(pg_catalog.+) 3",
    ),
  );
  const file = fc.array(fc.tuple(gap, statement, fc.constantFrom("", " ", "\n", " /*;*/ ", " --;\n")), {
    maxLength: 12,
  });

  test("on random mixes of statements and comments", () => {
    fc.assert(
      fc.property(file, (parts) => {
        const sql = `${parts.map(([before, one, after]) => before + one + after).join(";")}\n`;
        const bytes = Buffer.from(sql);
        const theirs = (parseSync(sql).stmts ?? []).map(({ stmt_location: at = 0, stmt_len: length = 0 }) => {
          const text = bytes.subarray(at, length === 0 ? undefined : at + length).toString();
          return { start: bytes.subarray(0, at).toString().length, text };
        });
        const ours = split(sql).map(({ start, end }) => ({ start, text: sql.slice(start, end) }));
        expect(ours.map(({ start }) => start)).toEqual(theirs.map(({ start }) => start));
        // theirs run up to the semicolon, ours to the last word
        for (const [i, { text }] of ours.entries()) {
          const whole = theirs[i]?.text ?? "";
          expect(whole.startsWith(text)).toBe(true);
          expect(split(whole.slice(text.length))).toEqual([]);
        }
      }),
      propertyRun(1500),
    );
  });

  test("and trees are those of each statement alone", async () => {
    await fc.assert(
      fc.asyncProperty(file, async (parts) => {
        const sql = `${parts.map(([before, one, after]) => before + one + after).join(";")}\n`;
        const statements = await read(sql);
        expect(statements).toHaveLength(split(sql).length);
        for (const { text, tree, problem } of statements) {
          expect(problem).toBeNull();
          expect(tree).toEqual(parseSync(text).stmts?.[0]?.stmt);
        }
      }),
      propertyRun(300),
    );
  });
});
