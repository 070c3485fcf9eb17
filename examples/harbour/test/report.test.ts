// The table: its width, its words without colour, and a verdict that turns with the facts.
import { describe, expect, it } from "vitest";
import { holes } from "../src/holes/holes.ts";
import { attempts } from "../src/intruder/attempts.ts";
import type { Outcome } from "../src/intruder/intruder.ts";
import { resultOf } from "../src/report/result.ts";
import type { Facts } from "../src/report/result.ts";
import { renderTable } from "../src/report/table.ts";

const plain = { bold: String, dim: String, red: String, green: String };
const outcome = (id: string, title: string, leaked: boolean): Outcome => ({
  id,
  title,
  leaked,
  foreignRows: leaked ? 12_345 : 0,
  changedRows: 0,
  crossLinks: 0,
  told: false,
  statuses: [leaked ? 200 : 404],
  stops: leaked ? [] : [{ layer: "application", evidence: "42601 one statement" }],
});
const facts = (shippedLeaks: string[] = [], openHolds: string[] = []): Facts => {
  const act = (leaked: (id: string) => boolean): Facts["open"] => ({
    days: [{ steps: 25, failed: [], foreignRows: 0 }],
    outcomes: attempts.map(({ id, title }) => outcome(id, title, leaked(id))),
    tokens: { honest: "", intruder: "", victim: "" },
  });
  return {
    postgres: 18,
    rows: 126_538,
    tenants: 50,
    seconds: 12,
    openHoles: holes,
    open: act((id) => !openHolds.includes(id)),
    shipped: act((id) => shippedLeaks.includes(id)),
    events: [
      { kind: "cross_tenant_probe", relation: '"harbour"."invoices"', count: 5 },
      { kind: "cross_tenant_probe", relation: '"harbour"."attachments"', count: 1 },
      { kind: "missing_row", relation: '"harbour"."invoices"', count: 1 },
    ],
  };
};

describe("result", () => {
  it("is not fine when something leaks as shipped whose hole was not opened", () => {
    const some = holes.filter((hole) => hole.id === "no-row-security");
    expect(resultOf({ ...facts(), openHoles: some }).ok).toBe(true);
    expect(resultOf({ ...facts(["idor-read"]), openHoles: some }).ok).toBe(false);
  });
  it("is fine only when every open hole leaks and nothing leaks as shipped", () => {
    expect(resultOf(facts()).ok).toBe(true);
    expect(resultOf(facts(["idor-read"])).ok).toBe(false);
    expect(resultOf(facts([], ["idor-read"])).ok).toBe(false);
    const broken = facts();
    broken.shipped.days[0]!.failed.push("login: 500");
    expect(resultOf(broken).ok).toBe(false);
    const seen = facts();
    seen.shipped.days[0]!.foreignRows = 1;
    expect(resultOf(seen).ok).toBe(false);
  });
});

describe("table", () => {
  it("fits 120 columns", () => {
    for (const line of renderTable(resultOf(facts()), plain).split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });
  it("says it in words", () => {
    const text = renderTable(resultOf(facts(["idor-read"], ["idor-update"])), plain);
    expect(text).toContain("LEAK 12,345 rows read");
    expect(text).toContain("no leak (!)");
    expect(text).toContain("NOT OK");
  });
});
