// What the template makes works on real servers before anybody edits it: found on red, silent on green, and its attack tells the two apart.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describeServers, type TestServer } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RuleAttack } from "../../../packages/audit/test/rules/attacks/attack.ts";
import { factsOf } from "../../../packages/audit/test/support/facts.ts";
import { fixtureDatabase, runFixture } from "../../../packages/audit/test/support/fixture-database.ts";
import { difference, fixtureStatements } from "../../../packages/audit/test/support/fixture-sql.ts";
import { runAttack } from "../../../packages/audit/test/support/run-attack.ts";
import type { Rule } from "../../../packages/audit/src/rules/rule.ts";
import { planRule } from "../plan-rule.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const empty: Record<string, string> = {
  "packages/audit/src/rules/index.ts":
    'import type { Rule } from "./rule.ts";\nexport const rules: readonly Rule[] = [];\n',
  "packages/audit/test/rules/attacks/index.ts":
    'import type { RuleAttack } from "./attack.ts";\nexport const attacks: readonly RuleAttack[] = [];\n',
};
const files = planRule("A99", "made by the template", (path) =>
  path.startsWith("template/") ? readFileSync(join(root, "tools/new-rule", path), "utf8") : empty[path],
);
const text = (file: string): string => [...files].find(([path]) => path.endsWith(file))![1];

let folder: string;
let rule: Rule;
let attack: RuleAttack;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "new-rule-"));
  // as if it lay in the tree
  const load = async (name: string, place: string): Promise<Record<string, unknown>> => {
    const file = join(folder, `${name}.ts`);
    const moved = text(`${name}.ts`).replaceAll(
      / from "(\.[^"]+)"/g,
      (_, path: string) => ` from "${join(root, place, path)}"`,
    );
    writeFileSync(file, moved);
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>;
  };
  rule = (await load("rule", "packages/audit/src/rules/A99")).madeByTheTemplate as Rule;
  attack = ((await load("a", "packages/audit/test/rules/attacks")).attacksA as RuleAttack[])[0]!;
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the fixtures differ by one statement", async () => {
  const [red, green] = [await fixtureStatements(text("red.sql")), await fixtureStatements(text("green.sql"))];
  expect([difference(red, green).red.length, difference(red, green).green.length]).toEqual([1, 0]);
});

describeServers((server: TestServer) => {
  test("found on red, silent on green", async () => {
    const found = async (file: string): Promise<string[]> => {
      const facts = await factsOf(server, text(file));
      try {
        return rule.find(facts).map(({ message }) => message);
      } finally {
        await facts.drop();
      }
    };
    expect(rule).toMatchObject({ id: "A99", slug: "A99-made-by-the-template", title: "Made by the template" });
    expect(await found("red.sql")).toEqual([
      "Policy everybody on invoices lets every row through: every tenant sees every tenant's rows.",
    ]);
    expect(await found("green.sql")).toEqual([]);
  });

  test("its attack leaks on red and not on green", async () => {
    const leaks = async (file: string): Promise<boolean> => {
      const fixture = await fixtureDatabase(server, text(file));
      try {
        await runFixture(fixture, await fixtureStatements(text(file)));
        return (await runAttack(fixture, attack)).leaked;
      } finally {
        await fixture.drop();
      }
    };
    expect([await leaks("red.sql"), await leaks("green.sql")]).toEqual([true, false]);
  });
});
