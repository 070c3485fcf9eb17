// A report with everything that could break an output: markup, control characters, quotes, pipes, long lists.
import type { Cell } from "../../src/matrix/matrix.ts";
import type { Finding, Report } from "../../src/report/report.ts";

export const nasty = "<script>alert(1)</script> | `x` \u001b[31m\u202e ::error::%0A \"'&, line\nbreak";

export function finding(overrides: Partial<Finding> = {}): Finding {
  return {
    id: "A1-invoices",
    vector: "A1",
    title: "Row security is off",
    verdict: "LEAK",
    severity: "critical",
    object: { kind: "table", schema: "public", name: "invoices" },
    message: "invoices has no row security.",
    evidence: ["relrowsecurity is false"],
    place: { file: "db/migrations/0001 first.sql", line: 3, column: 1 },
    migration: "0001 first",
    fix: 'alter table "public"."invoices" enable row level security',
    attempt: {
      vector: "A1",
      column: "read",
      table: { schema: "public", name: "invoices" },
      name: "select without filter",
      object: null,
      role: "app",
      connection: "fresh",
      result: "leaked",
      evidence: "5 rows of tenant B",
      bites: null,
      proof: null,
      repro: "begin;\nselect * from invoices;\nrollback;\n",
    },
    accepted: null,
    known: false,
    ...overrides,
  };
}

const cell = (column: Cell["column"], verdict: Cell["verdict"], reason: string | null = null): Cell => ({
  table: { schema: "public", name: "invoices" },
  column,
  verdict,
  reason,
  attempts: verdict === "LEAK" ? [finding().attempt!] : [],
});

export function sampleReport(findings: readonly Finding[] = [finding()]): Report {
  return {
    schemaVersion: 1,
    tool: { name: "watertight", version: "0.1.0" },
    source: { kind: "sql", folder: "db/migrations", migrations: 2 },
    server: { version: "18.4", bootMs: 700 },
    statements: {
      read: 4,
      ran: 2,
      failed: [{ file: "db/migrations/0002.sql", line: 9, reason: nasty }],
      skipped: [{ file: "db/migrations/0002.sql", line: 12, reason: "COPY PROGRAM", matters: false }],
    },
    understanding: { tables: [], roles: [], context: [], memberships: [], perUser: false, evidence: [] },
    tables: [{ schema: "public", name: "invoices", tenancy: "column tenant_id", because: nasty }],
    findings,
    matrix: {
      cells: [cell("read", "LEAK"), cell("insert", "BLOCKED"), cell("truncate", "UNVERIFIED", "it does not bite")],
      notes: [],
      seeded: [{ table: { schema: "public", name: "invoices" }, rows: 4, problem: null }],
      attempts: 12,
      connections: 8,
    },
    fixable: [],
    warnings: [],
    residuals: [{ vector: "G1", text: "EXPLAIN shows estimates" }],
    timing: { total: 1200 },
  };
}
