// Cutting expressions as pg_get_expr prints them: brackets, quotes, CASE, and texts that hold the words.
import { expect, test } from "vitest";
import { columnsIn, splitTerms, type TermText } from "../../src/why/split-terms.ts";

type Shape = string | { [kind: string]: Shape[] };
const shape = ({ kind, text, parts }: TermText): Shape => (kind === "term" ? text : { [kind]: parts.map(shape) });

test.each<[text: string, shape: Shape]>([
  ["true", "true"],
  ["(a = b)", "a = b"],
  ["((a = b) AND (c IS NULL))", { and: ["a = b", "c IS NULL"] }],
  ["((a = b) OR (c AND (NOT d)))", { or: ["a = b", { and: ["c", { not: ["d"] }] }] }],
  ["(NOT (a = b))", { not: ["a = b"] }],
  ["(a) OR (b)", { or: ["a", "b"] }],
  ["(name = 'x) AND (y'::text)", "name = 'x) AND (y'::text"],
  ["(name = E'it\\'s (AND'::text)", "name = E'it\\'s (AND'::text"],
  ['("AND" = "or (")', '"AND" = "or ("'],
  [
    "(tenant_id = ( SELECT x.id FROM x WHERE ((x.a = 1) AND (x.b = 2))))",
    "tenant_id = ( SELECT x.id FROM x WHERE ((x.a = 1) AND (x.b = 2)))",
  ],
  ["CASE WHEN (a AND b) THEN (c OR d) ELSE false END", "CASE WHEN (a AND b) THEN (c OR d) ELSE false END"],
  ["(CASE WHEN a THEN b ELSE c END OR d)", { or: ["CASE WHEN a THEN b ELSE c END", "d"] }],
  ["(EXISTS ( SELECT 1 FROM m WHERE (m.org = t.org)))", "EXISTS ( SELECT 1 FROM m WHERE (m.org = t.org))"],
])("%s", (text, expected) => {
  expect(shape(splitTerms(text))).toEqual(expected);
});

test.each<[text: string, sides: TermText["sides"]]>([
  ["(tenant_id = (current_setting('a'::text))::uuid)", ["tenant_id", "(current_setting('a'::text))::uuid"]],
  [
    "(tenant_id = ( SELECT (current_setting('a = b'::text))::uuid AS x))",
    ["tenant_id", "SELECT (current_setting('a = b'::text))::uuid AS x"],
  ],
  ["(a IS DISTINCT FROM (b + 1))", ["a", "b + 1"]],
  ["(role = ANY (ARRAY['a'::text, 'b'::text]))", null],
  ["is_member(org_id)", null],
  ["(a IS NULL)", null],
])("the sides of %s", (text, sides) => {
  expect(splitTerms(text).sides).toEqual(sides);
});

test("the columns that a term looks at", () => {
  const columns = ["org_id", "owner", "Big One"];
  expect(columnsIn("is_member(org_id)", "t", columns)).toEqual(["org_id"]);
  expect(columnsIn(`("Big One" = 'owner')`, "t", columns)).toEqual(["Big One"]);
  expect(columnsIn("EXISTS ( SELECT 1 FROM m WHERE ((m.org_id = t.org_id) AND (owner = 1)))", "t", columns)).toEqual([
    "org_id",
  ]);
  expect(columnsIn("EXISTS ( SELECT 1 FROM m WHERE (m.org_id = 1))", "t", columns)).toEqual([]);
});
