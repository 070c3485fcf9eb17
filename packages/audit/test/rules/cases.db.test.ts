/** What rules say of schemas beyond their two fixtures: which of their ways they take, and how severe they call it. */
import { describeServers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { runRules } from "../../src/rules/run-rules.ts";
import { factsOf } from "../support/facts.ts";
import { casesA } from "./cases/a.ts";
import { casesB } from "./cases/b.ts";
import { casesC } from "./cases/c.ts";
import type { RuleCase } from "./cases/case.ts";
import { casesD } from "./cases/d.ts";
import { casesOfMutants } from "./cases/mutants.ts";
import { casesPeople } from "./cases/people.ts";
import { casesStorage } from "./cases/storage.ts";
import { shop } from "./myths/myth.ts";

const all: readonly (readonly [string, RuleCase, string])[] = [
  ...casesA.map((each) => [each.name, each, shop()] as const),
  ...casesB.map((each) => [each.name, each, shop()] as const),
  ...casesC.map((each) => [each.name, each, shop()] as const),
  ...casesOfMutants.map((each) => [each.name, each, shop()] as const),
  ...casesPeople.map((each) => [each.name, each, shop()] as const),
  ...casesStorage.map((each) => [each.name, each, shop()] as const),
  ...casesD.map((each) => [each.name, each, shop({ force: false })] as const),
];

describeServers((server) => {
  describe.concurrent("cases", () => {
    test.for(all)("%s", async ([, { sql, of, found, on15 }, base]) => {
      const facts = await factsOf(server, `${base}\n${sql}`);
      try {
        const said = runRules(facts)
          .filter(({ rule }) => of.includes(rule.id))
          .map(({ id, severity }) => `${id.replace(facts.snapshot.database.name, "<database>")} ${severity}`);
        expect(said.sort()).toEqual([...(server.version === 15 ? (on15 ?? found) : found)].sort());
      } finally {
        await facts.drop();
      }
    });
  });
});
