/**
 * The mechanism behind each rule, by experiment: the attack leaks on the rule's red fixture and does not on the green one, on every server
 * of the run. Rules without an attack (they find an outage or a risk to come) have none in attacks/.
 */
import { describeServers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { rules } from "../../src/rules/index.ts";
import { fixtureDatabase, runFixture } from "../support/fixture-database.ts";
import { type Colour, fixtureStatements, readRuleFile } from "../support/fixture-sql.ts";
import { runAttack } from "../support/run-attack.ts";
import { attacks } from "./attacks/index.ts";

const slugs = new Map(rules.map(({ id, slug }) => [id, slug]));

describeServers((server) => {
  describe.concurrent("attacks", () => {
    test.for(attacks.map((attack) => [`${attack.rule} ${attack.name ?? ""}`.trim(), attack] as const))(
      "%s",
      async ([, attack]) => {
        const leaks = attack.leaksOn?.(server.version) ?? true;
        const slug = slugs.get(attack.rule);
        if (slug === undefined) throw new Error(`an attack on ${attack.rule}, which is not in rules/index.ts`);
        const result = async (colour: Colour): Promise<{ leaked: boolean; seen: string }> => {
          const sql = await readRuleFile(slug, `${colour}.sql`);
          const fixture = await fixtureDatabase(server, sql);
          try {
            await runFixture(fixture, await fixtureStatements(sql));
            return await runAttack(fixture, attack);
          } finally {
            await fixture.drop();
          }
        };
        const [red, green] = [await result("red"), await result("green")];
        expect(red.leaked, `red: ${red.seen}`).toBe(leaks);
        expect(green.leaked, `green: ${green.seen}`).toBe(false);
      },
    );
  });
});
