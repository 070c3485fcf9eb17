import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readUp } from "../../src/find/code/read-up.ts";
import { read } from "./set-of.ts";

const sqlScrap = fc.constantFrom(
  "'",
  '"',
  "$$",
  ";",
  ";\n",
  "\\",
  "\\if :x\n",
  "\\endif\n",
  "\\q\n",
  "\\set x '1\n",
  "\\i db/b.sql\n",
  "\n",
  " ",
  "/*",
  "*/",
  "-- ",
  "(",
  ")",
  "${x}",
  ":x",
  ":'y'",
  "{{z}}",
  "`a`",
  "create table t (id int)",
  "create function f() returns int begin atomic select 1 as end; select 2; end",
  "copy t from stdin;\n1\n\\.\n",
  "select 'a;\nb'",
  "\0",
  "😀",
);
const codeScrap = fc.constantFrom(
  "exports.up = (k) => {",
  "async up(q) {",
  "}",
  "{",
  "(",
  ")",
  "[",
  "]",
  "`",
  "${",
  "'",
  "\n",
  ";",
  "k.raw('select 1')",
  "q.query(`a ${b}`)",
  "for (const t of ['a', 'b'])",
  "['a'].forEach((t) =>",
  "else",
  "up(k)",
  "const x = 'y'",
  ".map(",
  "=>",
  ",",
  "/",
  "+",
  "\\",
);

test("any text is read to its end without an accident", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sqlScrap, { maxLength: 30 }), async (scraps) => {
      const included = { "db/b.sql": "select 1;\n\\i db/b.sql\n" };
      for (const statement of await read(scraps.join(""), { included })) {
        expect(statement.tree !== null || statement.problem !== null || statement.skip !== undefined).toBe(true);
        expect(statement.place.line).toBeGreaterThan(0);
      }
    }),
    propertyRun(400),
  );
}, 60_000);

// A helper that calls itself in loops takes more steps than are followed: then the reader says so (RangeError), and the file is listed as left.
test("any program is read without an accident", () => {
  let givenUp = 0;
  const { numRuns, seed } = propertyRun(4000);
  fc.assert(
    fc.property(fc.array(codeScrap, { maxLength: 40 }), (scraps) => {
      try {
        readUp(scraps.join(""));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        givenUp++;
      }
    }),
    { numRuns, seed },
  );
  expect(givenUp).toBeLessThan(numRuns / 100);
}, 60_000);
