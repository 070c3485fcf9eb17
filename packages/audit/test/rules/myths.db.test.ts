/**
 * What people believe of row security and what is not so: the rules stay silent, and the attack that the belief promises does not work, on every
 * server of the run. A myth is never a finding.
 */
import { describeServers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { runRules } from "../../src/rules/run-rules.ts";
import { factsOf } from "../support/facts.ts";
import { fixtureDatabase, runFixture } from "../support/fixture-database.ts";
import { fixtureStatements } from "../support/fixture-sql.ts";
import { runAttack } from "../support/run-attack.ts";
import { myths } from "./myths/index.ts";

describeServers((server) => {
  describe.concurrent("myths", () => {
    test.for(myths.map((myth) => [myth.belief, myth] as const))("%s", async ([, { sql, silent, attack }]) => {
      const facts = await factsOf(server, sql);
      const findings = runRules(facts);
      await facts.drop();
      const wrong = findings.filter(
        ({ rule, severity }) => silent.includes(rule.id) || severity === "critical" || severity === "high",
      );
      expect(wrong.map(({ id, severity, message }) => `${severity} ${id}: ${message}`)).toEqual([]);

      const fixture = await fixtureDatabase(server, sql);
      try {
        await runFixture(fixture, await fixtureStatements(sql));
        const { leaked, seen } = await runAttack(fixture, { rule: "", ...attack });
        expect(leaked, seen).toBe(false);
      } finally {
        await fixture.drop();
      }
    });
  });
});
