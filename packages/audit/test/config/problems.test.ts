// What a wrong configuration is told: the option, what is wrong, what was probably meant.
import { expect, test } from "vitest";
import { problemsOf } from "../../src/config/problems.ts";

const accept = { rule: "B4", target: "posts", reason: "public by design", expires: "2027-01-01" };

const cases: readonly (readonly [config: unknown, problems: readonly string[]])[] = [
  [{}, []],
  [{ tables: { "app.posts": { column: "org_id", publicRows: "published" } }, accept: [accept] }, []],
  [null, ["the default export must be an object, it is null"]],
  [[], ["the default export must be an object, it is an array"]],
  ["x", ['the default export must be an object, it is "x"']],
  [{ tennant: {} }, ["tennant is not an option; did you mean tenant?"]],
  [{ tenant: { colum: "x" } }, ["tenant.colum is not an option; did you mean tenant.column?"]],
  [
    { tables: { posts: { publicrow: "x" } } },
    ["tables.posts.publicrow is not an option; did you mean tables.posts.publicRows?"],
  ],
  [{ roles: { zebra: "x" } }, ["roles.zebra is not an option; roles can have tenant, anonymous, service, login"]],
  [{ extends: "gh:somebody/config" }, [expect.stringMatching(/^extends is not an option/)]],
  [{ strict: "yes" }, ['strict must be a boolean, it is "yes"']],
  [{ global: "plans" }, ['global must be an array, it is "plans"']],
  [{ tenant: null }, ["tenant must be an object, it is null"]],
  [
    { failOn: "hihg" },
    ['failOn must be one of critical, high, medium, low, info, never, it is "hihg"; did you mean high?'],
  ],
  [{ server: 14 }, ["server must be 15, 16, 17 or 18, or a list of them, it is 14"]],
  [{ server: [] }, ["server must not be empty"]],
  [{ roles: { tenant: 7 } }, ["roles.tenant must be a name or a list of names, it is 7"]],
  [{ limits: { seconds: -1 } }, ["limits.seconds must be greater than 0, it is -1"]],
  [{ acceptDays: 0.5 }, ["acceptDays must be an integer, it is 0.5"]],
  [{ baseline: "" }, ['baseline must be the path of a file, it is ""']],
  [{ context: { holds: "user" } }, ["context needs setting or claim: where the value is read"]],
  [
    { tables: { posts: { column: "a", global: true } } },
    ["tables.posts says column and global; a table has one of them"],
  ],
  [
    { tables: { "my table": { by: ["a"] } } },
    ['tables["my table"].by needs parent: the table that the columns lead to'],
  ],
  [{ accept: [{ ...accept, reason: undefined }] }, ["accept[0].reason is missing"]],
  [{ accept: [accept, { ...accept, reason: "ok" }] }, ['accept[1].reason must say why, in words, it is "ok"']],
  [{ accept: [{ ...accept, expires: "soon" }] }, ['accept[0].expires must be a day as YYYY-MM-DD, it is "soon"']],
  [
    { accept: [{ ...accept, expires: "2027-02-30" }] },
    ['accept[0].expires must be a day as YYYY-MM-DD, it is "2027-02-30"'],
  ],
  [
    { accept: [{ ...accept, rule: "b4" }] },
    ['accept[0].rule must be a vector of the catalogue such as B4, it is "b4"'],
  ],
];

test.each(cases)("%j", (config, problems) => {
  expect(problemsOf(config)).toEqual(problems);
});
