/** The audit list on schemas of which the answers are known: a good one, one without FORCE, an open one, one whose keys cross. */
import { describeServers, type TestServer } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { checklist, type ChecklistContext, type ChecklistItem } from "../../src/checklist/checklist.ts";
import type { Cell, Matrix } from "../../src/matrix/matrix.ts";
import { runRules } from "../../src/rules/run-rules.ts";
import { factsOf } from "../support/facts.ts";
import { readRuleFile } from "../support/fixture-sql.ts";

async function listFor(
  server: TestServer,
  slug: string,
  colour: string,
  over: Partial<ChecklistContext> = {},
): Promise<Record<string, ChecklistItem>> {
  return listOf(server, await readRuleFile(slug, `${colour}.sql`), over);
}

async function listOf(
  server: TestServer,
  sql: string,
  over: Partial<ChecklistContext> = {},
): Promise<Record<string, ChecklistItem>> {
  const facts = await factsOf(server, sql);
  try {
    const findings = runRules(facts).map(({ id, rule, severity, message }) => ({
      id,
      vector: rule.id,
      severity,
      message,
    }));
    return Object.fromEntries(checklist(facts, { findings, matrix: null, ...over }).map((item) => [item.id, item]));
  } finally {
    await facts.drop();
  }
}

const verdicts = (items: Record<string, ChecklistItem>): string[] =>
  Object.values(items).map(({ id, verdict }) => `${id} ${verdict}`);

const cell = (column: Cell["column"], verdict: Cell["verdict"], result: "blocked" | "leaked"): Cell => ({
  table: { schema: "public", name: "notes" },
  column,
  verdict,
  reason: null,
  attempts: [
    {
      vector: "A1",
      column,
      table: { schema: "public", name: "notes" },
      name: "",
      role: "shop_app",
      connection: "fresh",
      result,
      evidence: "3 rows of tenant B",
      bites: true,
      repro: "",
    },
  ] as unknown as Cell["attempts"],
});
const matrix = (...cells: Cell[]): Matrix =>
  ({ cells, notes: [], seeded: [], attempts: cells.length, connections: 1 }) as unknown as Matrix;

describeServers((server) => {
  describe.concurrent("checklist", () => {
    test("a good schema passes what a schema shows, and says what it does not", async () => {
      const items = await listFor(server, "F1-truncate", "green");
      expect(verdicts(items)).toEqual([
        "rls-enabled PASS",
        "rls-forced PASS",
        "transaction-context UNVERIFIED",
        "connection-reset UNVERIFIED",
        "idor UNVERIFIED",
        "tenant-keys UNVERIFIED",
      ]);
      for (const { verdict, reason, evidence } of Object.values(items)) {
        expect(reason === null).toBe(verdict !== "UNVERIFIED");
        if (verdict !== "UNVERIFIED") expect(evidence).not.toEqual([]);
      }
      expect(items["rls-enabled"]!.evidence[0]).toContain("public.notes");
    });

    test("an open table fails the first item by name", async () => {
      const items = await listFor(server, "A1-row-security-off", "red");
      expect(items["rls-enabled"]).toMatchObject({
        verdict: "FAIL",
        evidence: ["public.attachments: row security is off"],
      });
    });

    test("without FORCE and without a way to the owner it is not verified; with one it fails", async () => {
      const sql = (await readRuleFile("F1-truncate", "green.sql")).replaceAll(
        /alter table \S+ force row level security;/g,
        "",
      );
      expect((await listOf(server, sql))["rls-forced"]).toMatchObject({ verdict: "UNVERIFIED" });
      const owner = await listFor(server, "A3-not-forced", "red");
      expect(owner["rls-forced"]!.verdict).toBe("FAIL");
    });

    test("keys that cross fail; an accepted finding does not count", async () => {
      const items = await listFor(server, "E5-unique-without-tenant", "red");
      expect(items["tenant-keys"]).toMatchObject({ verdict: "FAIL" });
      expect(items["tenant-keys"]!.evidence[0]).toContain("E5-contacts_email_key");
      const finding = {
        id: "E5-x",
        vector: "E5",
        severity: "high",
        message: "",
        accepted: { reason: "public handles" },
      } as const;
      const accepted = await listFor(server, "E5-unique-without-tenant", "red", { findings: [finding] });
      expect(accepted["tenant-keys"]!.verdict).toBe("UNVERIFIED");
    });

    test("a session-wide context fails", async () => {
      const items = await listFor(server, "C1-session-setting-in-function", "red");
      expect(items["transaction-context"]!.verdict).toBe("FAIL");
    });

    test("a leak of the matrix fails the ids; attacks that were blocked are evidence and no proof of the application", async () => {
      const leak = await listFor(server, "F1-truncate", "green", {
        matrix: matrix(cell("read", "LEAK", "leaked"), cell("update", "BLOCKED", "blocked")),
      });
      expect(leak["idor"]).toMatchObject({ verdict: "FAIL", evidence: ["public.notes read: 3 rows of tenant B"] });
      const held = await listFor(server, "F1-truncate", "green", {
        matrix: matrix(cell("read", "BLOCKED", "blocked")),
      });
      expect(held["idor"]).toMatchObject({
        verdict: "UNVERIFIED",
        evidence: ["1 attack with another tenant's rows, none got through"],
      });
    });
  });
});
