/**
 * What protect writes opens nothing: on red fixtures of many rules all of its statements run on the copy, and the copy has no finding that was not there
 * before. One is told for information: that a table was open until then (A11).
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import { check } from "../../src/check/check.ts";
import { protect } from "../../src/fix/protect.ts";
import type { Finding } from "../../src/report/report.ts";

const red = (rule: string): URL => new URL(`../../src/rules/${rule}/red.sql`, import.meta.url);

const isHistory = ({ vector, severity }: Finding): boolean => vector === "A11" && severity === "info";

describe("protect causes no finding of its own", () => {
  // the attacks take most of the time: two are made, the rules judge all
  test.each([
    ["A1", red("A1-row-security-off")],
    ["A2", red("A2-dormant-policies")],
    ["A12", red("A12-unprotected-copy")],
    ["A15", red("A15-coverage-lost")],
    ["B5", red("B5-null-and-empty")],
    ["B13", red("B13-tenant-never-compared")],
    ["D1", red("D1-definer-view")],
    ["E1", red("E1-foreign-key-without-tenant")],
    ["E4", red("E4-nullable-tenant-in-key")],
    ["F4", red("F4-child-reached")],
    ["F5", red("F5-sequences")],
    ["a helpdesk with flaws of all kinds", new URL("../planted/flawed.sql", import.meta.url)],
  ])(
    "%s",
    async (name, file) => {
      const root = await mkdtemp(join(tmpdir(), "watertight-clean-"));
      try {
        await writeFile(join(root, "0001_first.sql"), await readFile(file, "utf8"));
        const request = { root, resolved: resolveOptions({}), configFile: null };
        const { before, after, plan, files } = await protect({ ...request, attack: name === "A1" || name === "E1" });
        expect(plan.statements).not.toEqual([]);
        expect(plan.left.filter(({ why }) => why.startsWith("it fails"))).toEqual([]);
        const known = new Set(before.findings.map(({ id }) => id));
        expect(
          after!.findings
            .filter((each) => !known.has(each.id) && !isHistory(each))
            .map(({ id, message }) => `${id}: ${message}`),
        ).toEqual([]);
        expect(after!.statements.failed).toEqual(before.statements.failed);
        // and as files of the project, as the next check reads them
        for (const each of files) await writeFile(join(root, each.file), each.text);
        const next = await check({ ...request, attack: false });
        await next.close();
        const fresh = next.report.findings.filter(({ id }) => !known.has(id));
        expect(fresh.filter((each) => !isHistory(each)).map(({ id }) => id)).toEqual([]);
        if (name === "A1") expect(fresh.map(({ vector, severity }) => `${vector} ${severity}`)).toEqual(["A11 info"]);
        expect(next.report.statements.failed).toEqual(before.statements.failed);
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    },
    120_000,
  );
});
