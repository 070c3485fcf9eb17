/**
 * The rules that read statements, over a real replay: found where a migration takes protection away, blamed on that migration, silent where a later
 * one repairs it. The replay also runs the fixtures of these rules, which must need no superuser and fail nowhere.
 */
import { describeServers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import type { Migration } from "../../src/find/migration.ts";
import { rules } from "../../src/rules/index.ts";
import type { Facts } from "../../src/rules/rule.ts";
import { type RuledFinding, runRules } from "../../src/rules/run-rules.ts";
import { reachOf } from "../../src/understand/reach.ts";
import { loadParser } from "../../src/understand/sql/parser.ts";
import { understand } from "../../src/understand/understand.ts";
import { readRuleFile } from "../support/fixture-sql.ts";
import { migration, replayed } from "../support/replayed.ts";
import { historyCases } from "./cases/history.ts";
import { shop } from "./myths/myth.ts";

async function findings(server: { readonly version: number }, files: readonly Migration[]): Promise<RuledFinding[]> {
  const { snapshot, history, statements, close } = await replayed(server, files);
  try {
    const failed = statements.filter(({ outcome }) => outcome.state !== "ran");
    expect(failed.map(({ text, outcome }) => `${text}: ${JSON.stringify(outcome)}`)).toEqual([]);
    await loadParser();
    const understanding = understand(snapshot);
    const roles = understanding.roles.filter(({ kind }) => kind !== "service").map(({ name }) => name);
    const facts: Facts = { snapshot, understanding, reach: reachOf(snapshot, roles), history };
    return runRules(facts);
  } finally {
    await close();
  }
}

describeServers((server) => {
  describe("cases", () => {
    test.for(historyCases.map((each) => [each.name, each] as const))("%s", async ([, { migrations, of, found }]) => {
      const files = [shop(), ...migrations].map((each, at) => {
        const [sql, transaction] = typeof each === "string" ? [each, false] : each;
        return migration(sql, { name: `000${at + 1}`, file: `db/${at + 1}.sql`, transaction });
      });
      const said = (await findings(server, files))
        .filter(({ rule }) => of.includes(rule.id))
        .map(({ id, severity, place }) => [id, severity, place?.file.replace(/\D/g, "")].join(" ").trim());
      expect(said.sort()).toEqual([...found].sort());
    });
  });

  describe("fixtures, replayed", () => {
    const mine = rules.filter(({ id, needs }) => needs === "history" || ["A15", "D6", "D12"].includes(id));
    test.for(mine.map((rule) => [rule.slug, rule] as const))("%s", async ([slug, rule]) => {
      const red = await findings(server, [migration(await readRuleFile(slug, "red.sql"))]);
      const green = await findings(server, [migration(await readRuleFile(slug, "green.sql"))]);
      const own = (all: readonly RuledFinding[]): string[] =>
        all.filter((each) => each.rule === rule).map(({ id, severity }) => `${id} ${severity}`);
      expect(own(red)).not.toEqual([]);
      expect(own(green)).toEqual([]);
    });
  });
});
