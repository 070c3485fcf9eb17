/**
 * Every rule on its own fixtures, on every server of the run: red is found, green is silent, and no other rule of error level fires on green.
 * The facts are what a check would have: the real understanding, and the fixture's statements as history.
 */
import { describeServers, type TestServer } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { rules } from "../../src/rules/index.ts";
import type { Rule } from "../../src/rules/rule.ts";
import { type RuledFinding, runRules } from "../../src/rules/run-rules.ts";
import { factsOf } from "../support/facts.ts";
import { fixturePairs, readRuleFile } from "../support/fixture-sql.ts";

async function found(server: TestServer, { slug }: Rule, file: string): Promise<RuledFinding[]> {
  const facts = await factsOf(server, await readRuleFile(slug, file));
  try {
    return runRules(facts);
  } finally {
    await facts.drop();
  }
}

const words = (findings: readonly RuledFinding[]): string[] =>
  findings.map(({ id, severity, message }) => `${severity} ${id}: ${message}`);

const pairs = await Promise.all(
  rules.map(async (rule) =>
    (await fixturePairs(rule.slug)).map((files) => [`${rule.slug}/${files.red}`, rule, files] as const),
  ),
);

describeServers((server) => {
  describe.concurrent("fixtures", () => {
    test.for(pairs.flat())("%s", async ([, rule, files]) => {
      const [red, green] = [await found(server, rule, files.red), await found(server, rule, files.green)];
      const mine = red.filter((finding) => finding.rule === rule);
      const ids = red.map(({ id }) => id.toLowerCase());
      expect(ids.toSorted(), "ids are unique").toEqual([...new Set(ids)].toSorted());
      expect(words(mine), `red; other rules found ${words(red).join("\n")}`).not.toEqual([]);
      for (const { message, fix, evidence } of mine) {
        expect(message).toMatch(/\.$/);
        expect(fix).not.toBe("");
        expect(evidence).not.toEqual([]);
      }
      expect(words(green.filter((finding) => finding.rule === rule)), "green").toEqual([]);
      const errors = green.filter(({ severity }) => severity === "critical" || severity === "high");
      expect(words(errors), "green, error level of any rule").toEqual([]);
    });
  });
});
