// Inline suppressions: which statement each one means, and what is said of the ones that are wrong.
import { expect, test } from "vitest";
import { suppressionsIn } from "../../src/config/suppressions.ts";

const options = { today: new Date("2026-11-21T12:00:00Z"), maxDays: 90 };
const good = 'until=2027-01-31 reason="shared on purpose"';
const read = (sql: string): ReturnType<typeof suppressionsIn> => suppressionsIn("db/1.sql", sql, options);

test("before, behind and inside of a statement", () => {
  const sql = `-- watertight:ignore A1 ${good}

create table a (id int);
create table b (id int); -- watertight:ignore A1,F1 ${good} owner=ann
create table c (
  id int -- watertight:ignore E5 ${good}
);
/* watertight:ignore B4 until=2027-01-31 reason='for
   the demo only' */
create table d (id int);`;
  const { suppressions, problems } = read(sql);
  expect(problems).toEqual([]);
  expect(
    suppressions.map(({ rules, line, covers, owner }) => [rules.join(), line, covers.from, covers.to, owner]),
  ).toEqual([
    ["A1", 1, 3, 3, null],
    ["A1,F1", 4, 4, 4, "ann"],
    ["E5", 6, 5, 7, null],
    ["B4", 8, 10, 10, null],
  ]);
  expect(suppressions[0]).toMatchObject({ file: "db/1.sql", until: "2027-01-31", reason: "shared on purpose" });
});

test("in the body of a function it means the function", () => {
  const { suppressions } = read(`select 1;
create function f() returns void language plpgsql as $body$
begin
  -- watertight:ignore D14 ${good}
  execute 'select 1';
end $body$;`);
  expect(suppressions.map(({ line, covers }) => [line, covers])).toEqual([[4, { from: 2, to: 6 }]]);
});

test("in a string it is text", () => {
  expect(read(`select '-- watertight:ignore A1 ${good}', "-- watertight:ignore A1" from t;`)).toEqual({
    suppressions: [],
    problems: [],
  });
});

test.each([
  ["A1 until=2027-01-31", 'needs reason="…", in words'],
  ['A1 reason="shared on purpose"', "needs until=YYYY-MM-DD"],
  ["A1", 'needs until=YYYY-MM-DD, and needs reason="…", in words'],
  [good, "names no rule, for example B4"],
  [`a1 ${good}`, "does not know a1: a rule is a vector such as B4"],
  [`A1 ${good} untill=2027-01-01`, "does not know untill"],
  [
    'A1 until=2027-12-31 reason="shared on purpose"',
    "runs until 2027-12-31; at most 90 days are allowed, until 2027-02-19",
  ],
  ['A1 until=2027-13-01 reason="shared on purpose"', "has 2027-13-01 as its last day, which is no day (YYYY-MM-DD)"],
])("%s", (text, problem) => {
  expect(read(`-- watertight:ignore ${text}\nselect 1;`)).toEqual({
    suppressions: [],
    problems: [{ file: "db/1.sql", line: 1, text: problem }],
  });
});

test("nothing behind it", () => {
  expect(read(`select 1;\n-- watertight:ignore A1 ${good}`).problems).toEqual([
    { file: "db/1.sql", line: 2, text: "no statement follows it" },
  ]);
});

test("one that has run out is kept: warnings say so", () => {
  const { suppressions, problems } = read(
    '-- watertight:ignore A1 until=2026-11-20 reason="shared on purpose"\nselect 1;',
  );
  expect(problems).toEqual([]);
  expect(suppressions).toHaveLength(1);
});

test("lines of a fragment are those of its file", () => {
  const sql = '-- watertight:ignore A1 until=2026-11-21 reason="shared on purpose"\nselect 1;';
  expect(suppressionsIn("a.ts", sql, { ...options, line: 40 }).suppressions[0]).toMatchObject({
    line: 40,
    covers: { from: 41, to: 41 },
  });
});

test("100,000 lines take no time", () => {
  const started = performance.now();
  const { suppressions } = read(`-- watertight:ignore A1 ${good}\nselect 1;\n`.repeat(20_000));
  expect(suppressions).toHaveLength(20_000);
  expect(performance.now() - started).toBeLessThan(10_000);
});
