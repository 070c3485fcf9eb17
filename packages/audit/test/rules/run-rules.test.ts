/** The ids and the order of findings: what baselines and suppressions rest on. */
import { expect, test } from "vitest";
import type { Facts, FindingObject, Rule, Severity } from "../../src/rules/rule.ts";
import { runRules } from "../../src/rules/run-rules.ts";

const rule = (id: string, found: readonly [FindingObject, Severity][], needs: Rule["needs"] = "catalog"): Rule => ({
  id,
  slug: `${id}-made-up`,
  title: id,
  needs,
  find: () =>
    found.map(([object, severity]) => ({ object, message: id, severity, evidence: [], fix: "", attackable: false })),
});
const table = (schema: string, name: string, part?: string): FindingObject => ({
  kind: part === undefined ? "table" : "policy",
  schema,
  name,
  ...(part === undefined ? {} : { part }),
});
// no rule above looks at them
const facts = { history: undefined } as unknown as Facts;
const run = (...rules: Rule[]): string[] => runRules(facts, rules).map(({ id, severity }) => `${id} ${severity}`);

test("an id is the vector and the object, the schema only where it is not public", () => {
  expect(
    run(
      rule("B1", [
        [table("public", "files", "floor"), "high"],
        [table("public", "files"), "low"],
        [table("billing", "files"), "low"],
        [{ kind: "role", schema: "", name: "shop_app" }, "info"],
      ]),
    ),
  ).toEqual(["B1-billing.files low", "B1-files low", "B1-files.floor high", "B1-shop_app info"]);
});

test("of two findings on one object the worse stays", () => {
  const files = table("public", "files");
  expect(
    run(
      rule("A1", [
        [files, "low"],
        [files, "critical"],
        [files, "medium"],
      ]),
    ),
  ).toEqual(["A1-files critical"]);
});

test("objects of two kinds with one name keep their own ids", () => {
  expect(
    run(
      rule("D1", [
        [table("public", "a"), "low"],
        [{ ...table("public", "a"), kind: "view" }, "low"],
      ]),
    ),
  ).toEqual(["D1-table.a low", "D1-view.a low"]);
});

test("objects whose names read alike are two findings with two ids, the same in any order", () => {
  const found: [FindingObject, Severity][] = [
    [table("a", "b.c"), "low"],
    [table("a.b", "c"), "high"],
    [table("public", "Files"), "low"],
    [table("public", "files"), "low"],
  ];
  const ids = ["B1-Files low", "B1-a.b.c low", "B1-a.b.c.2 high", "B1-files.2 low"];
  expect(run(rule("B1", found)).toSorted()).toEqual(ids.toSorted());
  expect(run(rule("B1", found.toReversed()))).toEqual(run(rule("B1", found)));
});

test("a rule that fails ends the run: what it would have found must not be missing", () => {
  const broken: Rule = {
    ...rule("B1", []),
    find: () => {
      throw new Error("a bug of ours");
    },
  };
  expect(() => run(rule("A1", []), broken)).toThrow("a bug of ours");
});

test("rules keep their order; those that need statements rest without them", () => {
  const a = table("public", "a");
  expect(run(rule("B2", [[a, "low"]]), rule("A1", [[a, "low"]]), rule("A13", [[a, "low"]], "history"))).toEqual([
    "B2-a low",
    "A1-a low",
  ]);
});
