// Findings and attempts written by hand: what joins, what is refuted, what stands alone.
import { expect, test } from "vitest";
import { decide } from "../../src/check/decide.ts";
import { lookForPeople } from "../../src/matrix/attacks/copies.ts";
import type { Attempt, Matrix } from "../../src/matrix/matrix.ts";
import { rules } from "../../src/rules/index.ts";
import type { Facts } from "../../src/rules/rule.ts";
import type { RuledFinding } from "../../src/rules/run-rules.ts";
import { table } from "../understand/plain-snapshot.ts";

const invoices = { schema: "public", name: "invoices" };

function attempt(vector: string, more: Partial<Attempt> = {}): Attempt {
  return {
    vector,
    column: "read",
    table: invoices,
    name: "select without filter, in A's context, reused connection",
    object: null,
    role: "app",
    connection: "reused",
    result: "leaked",
    evidence: "read 2 rows of tenant B: id=1",
    bites: null,
    proof: null,
    repro: "",
    ...more,
  };
}

function finding(id: string, more: Partial<RuledFinding> = {}): RuledFinding {
  return {
    rule: rules.find((rule) => rule.id === id)!,
    id: `${id}-invoices`,
    object: { kind: "table", ...invoices },
    message: "",
    severity: "high",
    evidence: ["seen"],
    fix: "",
    attackable: true,
    ...more,
  };
}

const facts = {
  snapshot: {
    relations: [table("invoices", [], { owner: "owner" })],
    policies: [
      { relation: invoices, name: "reads", command: "select" },
      { relation: invoices, name: "writes", command: "insert" },
    ],
  },
} as unknown as Facts;

const matrixOf = (...attempts: Attempt[]): Matrix => ({
  cells: [{ table: invoices, column: "read", verdict: "LEAK", reason: null, attempts }],
  notes: [],
  seeded: [],
  attempts: attempts.length,
  connections: 1,
});

const said = (found: RuledFinding[], ...attempts: Attempt[]): string[] =>
  decide(found, matrixOf(...attempts), facts).map(({ id, verdict, severity }) => `${id} ${verdict} ${severity}`);

const policy = (name: string) => ({ object: { kind: "policy" as const, ...invoices, part: name }, id: `B2-${name}` });

test("an attack that leaked makes its finding a LEAK, with the attempt and what was seen", () => {
  const [decided] = decide([finding("A1")], matrixOf(attempt("A1")), facts);
  expect(decided).toMatchObject({ verdict: "LEAK", attempt: { vector: "A1" } });
  expect(decided!.evidence).toEqual(["seen", "attacked: read 2 rows of tenant B: id=1"]);
});

test("without an attack it is unverified", () => {
  expect(said([finding("A1")])).toEqual(["A1-invoices UNVERIFIED high"]);
});

test("a policy is shown to leak by the plain statement of its command, and by no other", () => {
  const both = [finding("B2", policy("reads")), finding("B2", policy("writes"))];
  expect(said(both, attempt("B1"))).toEqual(["B2-reads LEAK high", "B2-writes UNVERIFIED high"]);
  expect(said(both, attempt("B8", { column: "insert" }))).toEqual(["B2-reads UNVERIFIED high", "B2-writes LEAK high"]);
});

test("an attack of its own that was stopped, and bites without the defence, refutes a finding about an object", () => {
  const own = { object: "invoice_list", column: "side-door" as const, result: "blocked" as const, bites: true };
  const view = finding("D1", {
    id: "D1-invoice_list",
    object: { kind: "view", schema: "public", name: "invoice_list" },
  });
  expect(said([view], attempt("D1", own))).toEqual(["D1-invoice_list BLOCKED medium"]);
  expect(said([view], attempt("D1", { ...own, bites: false }))).toEqual(["D1-invoice_list UNVERIFIED high"]);
  expect(said([view], attempt("D1", { ...own, object: "other" }))).toEqual(["D1-invoice_list UNVERIFIED high"]);
});

test("attacks never refute what depends on the state of rows", () => {
  const stopped = attempt("B1", { result: "blocked", bites: true });
  expect(said([finding("B2", policy("reads"))], stopped)).toEqual(["B2-reads UNVERIFIED high"]);
});

test("a leak that no rule explains is a finding of its own, once for each way", () => {
  const probe = attempt("E1", { column: "fk-probe", object: "invoices_project_fkey" });
  expect(said([], attempt("A1"), attempt("A1", { connection: "fresh" }), probe)).toEqual([
    "A1-invoices LEAK critical",
    "E1-invoices.invoices_project_fkey LEAK medium",
  ]);
});

test("ways whose names read alike are two findings with two ids", () => {
  const at = (schema: string, name: string): Attempt => attempt("A1", { table: { schema, name } });
  expect(
    said([], at("a", "b.c"), at("a.b", "c"), attempt("A1", { table: { schema: "a", name: "b" }, object: "c" })),
  ).toEqual(["A1-a.b.c LEAK critical", "A1-a.b.c.read LEAK critical", "A1-a.b.c.read.2 LEAK critical"]);
});

test("people whom all tenants share are no copy: an error with personal data, a question without", () => {
  const look = (vector: string): string[] =>
    decide(
      [],
      { cells: [{ attempts: [attempt(vector, { name: `${lookForPeople}, in A's context` })] }] } as unknown as Matrix,
      facts,
    ).map(({ id, severity, message }) => `${severity} ${id}: ${message}`);
  expect(look("A1")).toEqual([
    "high A1-invoices: invoices is taken as shared by all tenants and holds their people with personal data: as app every tenant reads the people of every other.",
  ]);
  expect(look("B21")).toEqual([expect.stringMatching(/^medium B21-invoices: .* holds their people: /)]);
});

test("a table whose rows are read anyway is not read once more by every other way", () => {
  const more = attempt("B17", { column: "side-door", object: "helper" });
  expect(said([finding("A1")], attempt("A1"), more)).toEqual(["A1-invoices LEAK high"]);
  expect(said([finding("A1")], more)).toEqual(["A1-invoices UNVERIFIED high", "B17-invoices.helper LEAK critical"]);
});

test("the rights of an owner are explained by its owning the table, those of others are not", () => {
  const owns = finding("A7", { id: "A7-owner", object: { kind: "role", schema: "", name: "owner" }, table: invoices });
  const truncate = attempt("F1", { column: "truncate", role: "owner" });
  expect(said([owns], truncate)).toEqual(["A7-owner LEAK high"]);
  const other = { ...owns, id: "A7-other", object: { kind: "role" as const, schema: "", name: "other" } };
  expect(said([other], truncate)).toEqual(["A7-other UNVERIFIED high", "F1-invoices LEAK medium"]);
});
