/**
 * The rules see the mistakes that people make: a sample of mutants on every server of a full run, one of each operator in a short one, all that
 * there are in a wide run (`MUTANTS=wide`), which writes survivors.md.
 */
import { describeServers, fullRun } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { loadParser } from "../../src/understand/sql/parser.ts";
import { operators } from "./operators/index.ts";
import { reasonFor } from "./reasons.ts";
import { knownSurvivors, scoreOf, writeReport } from "./report.ts";
import { runMutants, type Verdict } from "./run-mutants.ts";

const wide = process.env["MUTANTS"] === "wide";

describeServers((server) => {
  describe("mutants", () => {
    test("are caught", { timeout: 3_600_000 }, async () => {
      await loadParser();
      const newest = server.version >= 18;
      const run = await runMutants(server, wide ? { eachSchema: newest ? 3 : 1 } : { each: newest && fullRun ? 6 : 1 });
      const { verdicts } = run;
      if (wide) await writeReport(run, new Date().toISOString().slice(0, 10));
      const { valid, caught, share } = scoreOf(verdicts);
      console.log(`PostgreSQL ${server.version}: ${caught} of ${valid} mutants caught, ${operators.length} operators`);
      const survivors = verdicts.filter(({ state }) => state === "survived").map(({ mutant }) => mutant);
      const known = await knownSurvivors(server.version);
      const tried = new Set(verdicts.map(({ mutant }) => mutant));
      expect(survivors.sort(), "survivors").toEqual([...known].filter((each) => wide || tried.has(each)).sort());
      expect(
        survivors.filter((each) => reasonFor(each) === undefined),
        "survivors without a reason",
      ).toEqual([]);
      expect(share).toBeGreaterThanOrEqual(0.95);
      expect(operators.length).toBeGreaterThanOrEqual(30);
      if (!newest || !(fullRun || wide)) return;
      expect(valid).toBeGreaterThanOrEqual(300);
      for (const { name } of operators) expect(scoreOf(of(verdicts, name)).valid, name).toBeGreaterThanOrEqual(3);
    });
  });
});

const of = (verdicts: readonly Verdict[], operator: string): Verdict[] =>
  verdicts.filter((each) => each.operator === operator);
