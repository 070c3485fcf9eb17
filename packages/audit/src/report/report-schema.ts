/**
 * The JSON document of a report as a zod schema: the source of report.schema.json, and the compiler's witness that both say the same. Must never ask for
 * less than the document has: a test reads real documents with it.
 */
import { z } from "zod";
import { matrixColumns } from "../matrix/matrix.ts";
import type { ReportDocument } from "./json.ts";
import { severities } from "./order.ts";
import type { Severity } from "../rules/rule.ts";

const text = z.string();
const count = z.int().nonnegative();
const texts = z.array(text);
const line = z.int().positive();
const qualified = z.object({ schema: text, name: text }).meta({ id: "qualifiedName" });
const verdict = z.enum(["BLOCKED", "LEAK", "UNVERIFIED", "UNRELIABLE", "EXEMPT", "N/A"]).meta({
  id: "verdict",
  description:
    "BLOCKED: attacked and stopped. LEAK: shown with rows. UNVERIFIED: not attacked, or not decided. UNRELIABLE: could not be seeded. EXEMPT: shared by declaration.",
});
const severity = z.enum(severities as [Severity, ...Severity[]]).describe("critical and high are error level.");
const place = z.object({ file: text, line, column: line });

const attempt = z
  .object({
    vector: text,
    column: z.enum(matrixColumns),
    table: qualified,
    name: text,
    object: text.nullable(),
    role: text,
    connection: z.enum(["fresh", "reused"]),
    result: z.enum(["blocked", "leaked", "noted", "error"]),
    evidence: text,
    bites: z.boolean().nullable().describe("Whether it leaks with the defence off; null where that was not tried."),
    proof: text.nullable(),
    repro: text.describe("A script for psql: context, attack, rollback."),
  })
  .meta({ id: "attempt", description: "One attack that was run." });

const object = z.object({
  kind: z.enum([
    "table",
    "view",
    "policy",
    "function",
    "trigger",
    "constraint",
    "index",
    "sequence",
    "role",
    "schema",
    "database",
    "publication",
    "rule",
    "setting",
    "column",
    "extension",
    "server",
    "statement",
  ]),
  schema: text,
  name: text,
  part: text.exactOptional().describe("Of the policy, trigger, constraint, rule or column."),
});

const finding = z.object({
  id: text.describe("Stable over runs and lines, for example A1-attachments."),
  vector: text.describe("Vector of the catalogue, or a CVE of the server."),
  title: text,
  verdict,
  severity,
  object,
  message: text,
  evidence: texts,
  place: place.nullable().describe("Null on a live database."),
  file: text.nullable(),
  line: line.nullable(),
  migration: text.nullable(),
  fix: text,
  attempt: attempt.nullable(),
  accepted: z.object({ reason: text, until: text, where: text }).nullable(),
  known: z.boolean().describe("In the baseline: does not fail the run, unless it is a LEAK."),
});

const evidence = z.object({ source: z.enum(["declared", "inferred"]), because: texts }).meta({ id: "evidence" });
const holds = z.enum(["tenant", "user"]);
const session = z.object({ relation: qualified, column: text, person: text, type: text }).exactOptional();
const understanding = z.object({
  tables: z.array(
    z.object({
      relation: qualified,
      tenancy: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("column"), column: text, type: text, holds: z.literal("user").exactOptional() }),
        z.object({ kind: z.literal("derived"), columns: texts, parent: qualified, parentColumns: texts }),
        z.object({ kind: z.literal("tenants"), column: text, type: text }),
        z.object({ kind: z.literal("global") }),
        z.object({ kind: z.literal("unknown") }),
      ]),
      evidence,
      publicRows: text.nullable(),
    }),
  ),
  roles: z.array(z.object({ name: text, kind: z.enum(["tenant", "anonymous", "service"]), login: text, evidence })),
  context: z.array(
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("setting"), setting: text, holds, session }),
      z.object({ kind: z.literal("claims"), setting: text, path: texts, holds, session }),
      z.object({ kind: z.literal("kit") }),
      z.object({ kind: z.literal("role") }),
    ]),
  ),
  memberships: z.array(
    z.object({
      relation: qualified,
      userColumn: text,
      tenantColumn: text,
      role: z.object({ column: text, highest: text.nullable() }).nullable(),
    }),
  ),
  perUser: z.boolean(),
  evidence: z.array(z.object({ about: text, evidence })),
});

const live = z
  .object({
    role: text,
    unreadable: z.array(z.object({ what: text, why: text })),
    rulesNotRun: texts,
    probes: z.array(
      z.object({
        cve: text,
        title: text,
        verdict: z.enum(["vulnerable", "not vulnerable", "could not tell"]),
        evidence: text,
      }),
    ),
  })
  .describe("Of a live database only.");

/** The schema. */
export const reportSchema: z.ZodType<ReportDocument> = z.object({
  schemaVersion: z.literal(1),
  tool: z.object({ name: z.literal("watertight"), version: text }),
  run: z
    .object({ at: text, commit: text.nullable() })
    .exactOptional()
    .describe(
      "When, and of which commit of the repository; -dirty where files have changed since, or were never added.",
    ),
  source: z.object({ kind: text, folder: text, migrations: count }),
  server: z.object({ version: text, bootMs: count, also: texts.exactOptional() }),
  statements: z.object({
    read: count,
    ran: count,
    failed: z.array(z.object({ file: text, line: count, reason: text })),
    skipped: z.array(z.object({ file: text, line: count, reason: text, matters: z.boolean() })),
  }),
  understanding,
  tables: z.array(z.object({ schema: text, name: text, tenancy: text, because: text })),
  findings: z.array(finding),
  matrix: z
    .array(
      z.object({
        table: text.describe("schema.name"),
        vector: text.nullable(),
        column: z.enum(matrixColumns),
        verdict,
        reason: text.nullable(),
        attempts: z.array(attempt),
      }),
    )
    .describe("One entry for each table and way to attack it; empty where nothing was attacked."),
  attacks: z.object({
    notes: z.array(z.object({ vector: text, text, attempt: attempt.nullable() })),
    seeded: z.array(z.object({ table: qualified, rows: count, problem: text.nullable() })),
    attempts: count,
    connections: count,
  }),
  fixable: texts.describe("Ids of findings for which watertight protect has statements."),
  warnings: z
    .array(
      z.object({
        code: z.literal("WT_CONFIG_ACCEPT"),
        kind: z.enum(["unmatched", "expired", "invalid"]),
        where: text,
        file: text,
        line: line.nullable(),
        id: text,
        text,
      }),
    )
    .describe("Accepted risks that match no finding, have run out or are written wrongly."),
  residuals: z.array(z.object({ vector: text, text })).describe("Channels of every database; never findings."),
  timing: z.record(text, z.number()).describe("Milliseconds."),
  seed: text.exactOptional().describe("The tenants of the attacks were made from it."),
  live: live.exactOptional(),
});

/** The JSON Schema that is published as report.schema.json. What a later version adds is no error. */
export function reportJsonSchema(): Record<string, unknown> {
  return {
    title: "watertight report",
    description: "What watertight check --json prints; generated from zod, do not edit. More fields may be added.",
    ...(z.toJSONSchema(reportSchema, { io: "input" }) as Record<string, unknown>),
  };
}
