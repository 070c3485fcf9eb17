/**
 * Careful schemas in well-known styles: no rule says anything of error level about them. A false alarm here is as bad as a missed leak. Add a style
 * by adding its file and a line; `with` are files that run before it.
 */
import { readFile } from "node:fs/promises";
import { describeServers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { runRules } from "../../src/rules/run-rules.ts";
import type { Declared } from "../../src/understand/declared.ts";
import { factsOf } from "../support/facts.ts";

interface CleanStyle {
  /** Its file in clean-styles/. */
  readonly file: string;
  /** What stands in the database before its migrations. */
  readonly platform?: "supabase";
  readonly declared?: Declared;
}

const styles: readonly CleanStyle[] = [
  { file: "supabase-per-user", platform: "supabase" },
  { file: "supabase-organisations", platform: "supabase" },
  { file: "setting-and-forced-owner" },
  { file: "floor-and-business-policies" },
  { file: "members-with-pg-temp" },
  {
    file: "declared-public-rows",
    declared: { global: ["plans"], tables: { templates: { column: "tenant_id", publicRows: "tenant_id is null" } } },
  },
  { file: "postgraphile-schemas" },
  { file: "barrier-views" },
  { file: "session-role-users" },
  { file: "session-rows-and-invitations" },
  { file: "careful-dynamic-sql" },
];

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), "utf8");

describeServers((server) => {
  describe.concurrent("clean styles", () => {
    test.for(styles.map((style) => [style.file, style] as const))("%s", async ([file, { platform, declared = {} }]) => {
      const before = platform === undefined ? "" : await read(`../understand/styles/${platform}.sql`);
      const facts = await factsOf(server, `${before}\n${await read(`clean-styles/${file}.sql`)}`, { declared });
      try {
        const tables = facts.understanding.tables.filter(({ tenancy }) => !/^(global|unknown)$/.test(tenancy.kind));
        expect(tables.length, "tables with tenants: otherwise nothing was judged").toBeGreaterThan(0);
        const errors = runRules(facts).filter(({ severity }) => severity === "critical" || severity === "high");
        expect(errors.map(({ id, severity, message }) => `${severity} ${id}: ${message}`)).toEqual([]);
      } finally {
        await facts.drop();
      }
    });
  });
});
