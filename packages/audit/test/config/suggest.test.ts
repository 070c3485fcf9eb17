// Suggestions: near words are found, far ones are not offered.
import { expect, test } from "vitest";
import { didYouMean, nearest } from "../../src/config/suggest.ts";

test.each([
  ["tenat", ["tenant", "tables"], "tenant"],
  ["organisations", ["users", "organizations"], "organizations"],
  ["teannt_id", ["tenant_id"], "tenant_id"],
  ["failon", ["failOn"], "failOn"],
  ["public_rows", ["publicRows"], "publicRows"],
  ["x", ["yz"], undefined],
  ["invoices", ["projects", "tasks"], undefined],
  ["a", [], undefined],
])("%s of %j: %s", (word, known, found) => {
  expect(nearest(word, known)).toBe(found);
});

test("is the end of a sentence, or nothing", () => {
  expect(didYouMean("tabels", ["tables"])).toBe("; did you mean tables?");
  expect(didYouMean("zebra", ["tables"])).toBe("");
});
