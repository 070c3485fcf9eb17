// The table: its width, its words without colour, and a verdict that turns with the facts.
import { describe, expect, it } from "vitest";
import { holes } from "../src/holes/holes.ts";
import { models } from "../src/fleet/models.ts";
import { attempts, placeAttempts } from "../src/intruder/attempts.ts";
import type { Outcome } from "../src/intruder/intruder.ts";
import { resultOf } from "../src/report/result.ts";
import type { Facts } from "../src/report/result.ts";
import { renderTable } from "../src/report/table.ts";

const layers = ["application", "context", "policy", "grant", "key", "fence", "connection"] as const;
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
  stops: leaked ? [] : [{ layer: layers[title.length % layers.length]!, evidence: "42601 one statement" }],
});
const facts = (shippedLeaks: string[] = [], openHolds: string[] = []): Facts => {
  const day = () => ({ steps: 25, failed: [] as string[], foreignRows: 0 });
  const outcomes = (chosen: typeof attempts, leaked: (id: string) => boolean): Outcome[] =>
    chosen.map(({ id, title }) => outcome(id, title, leaked(id)));
  return {
    postgres: 18,
    rows: 126_538,
    tenants: 50,
    population: { pool: 44, schema: 2, database: 2, silo: 2 },
    seconds: 12,
    openHoles: holes,
    open: {
      days: [day()],
      outcomes: outcomes(attempts, (id) => !openHolds.includes(id)),
      tokens: { honest: "", intruder: "", victim: "" },
    },
    shipped: {
      days: models.map((model) => ({ model, day: day() })),
      encounters: models.flatMap((attacker) =>
        models.map((victim) => ({
          attacker,
          victim,
          // a leak in one encounter only, and not where both are in the shared tables
          outcomes: outcomes(
            placeAttempts,
            (id) => shippedLeaks.includes(id) && attacker === "silo" && victim === "database",
          ),
        })),
      ),
    },
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
    broken.shipped.days[3]!.day.failed.push("login: 500");
    expect(resultOf(broken).ok).toBe(false);
    const seen = facts();
    seen.shipped.days[1]!.day.foreignRows = 1;
    expect(resultOf(seen).ok).toBe(false);
  });
  it("is not fine when nobody knows what stopped an attempt", () => {
    const unknown = facts();
    unknown.shipped.encounters[3]!.outcomes[5]!.stops = [];
    expect(resultOf(unknown).ok).toBe(false);
  });
  it("is not fine when an attempt without a hole leaks, or somebody was not attacked", () => {
    expect(resultOf(facts(["wrong-route"])).ok).toBe(false);
    const few = facts();
    few.shipped.encounters.pop();
    expect(resultOf(few).ok).toBe(false);
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
    expect(text).toMatch(/silo -> database +1 LEAKED \(!\)/);
    expect(text).toMatch(/pool -> schema +37 of 37 stopped +\w+ \d+, \w+ \d+/);
    expect(text).toContain("NOT OK");
  });
});
