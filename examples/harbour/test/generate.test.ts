// The generator gives the same rows every time and everywhere, and its rows have the shape the rest of the demonstration leans on.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { foreignMarks, ownMarks } from "../src/data/canary.ts";
import { defaultOptions, generate, SHARED_TENANT } from "../src/data/generate.ts";
import { tenantTables } from "../src/data/tables.ts";

const fingerprint = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

describe("generate", () => {
  const small = { seed: "t", tenants: 5, invoices: 200 };

  it("is a function of its options", () => {
    expect(fingerprint(generate(small).tables)).toBe(fingerprint(generate(small).tables));
    expect(fingerprint(generate({ ...small, seed: "u" }).tables)).not.toBe(fingerprint(generate(small).tables));
  });

  it("has not changed since it was written down", () => {
    expect(fingerprint(generate(small).tables).slice(0, 16)).toMatchInlineSnapshot(`"8f244de4391777ed"`);
  });

  it("makes 50 tenants of skewed sizes and over 100,000 rows", () => {
    const data = generate(defaultOptions);
    expect(data.companies).toHaveLength(50);
    expect(data.rowCount).toBeGreaterThan(100_000);
    const perTenant = data.companies.map(
      (company) =>
        data.tables.invoices.filter((row) => (row as { tenant_id?: unknown }).tenant_id === company.id).length,
    );
    expect(Math.max(...perTenant)).toBeGreaterThan(20 * Math.min(...perTenant));
    expect(new Set(data.companies.map((company) => company.slug)).size).toBe(50);
    expect(new Set(data.companies.map((company) => company.code)).size).toBe(50);
    expect(new Set(data.tables.users.map((row) => (row as { email?: unknown }).email)).size).toBe(
      data.tables.users.length,
    );
  });

  it("puts a mark of its tenant, and of nobody else, into every row of a tenant table", () => {
    const data = generate(small);
    for (const table of tenantTables) {
      for (const row of data.tables[table] as { tenant_id?: string }[]) {
        if (row.tenant_id === SHARED_TENANT) continue;
        const text = JSON.stringify(row);
        const { code } = data.companies.find((company) => company.id === row.tenant_id)!;
        expect(foreignMarks(text, code).size).toBe(0);
        // a waiting job has no result yet
        if (table !== "jobs") expect(ownMarks(text, code)).toBeGreaterThan(0);
      }
    }
  });
});
