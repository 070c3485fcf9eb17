/** Names of places: whatever a slug or an id holds, the server sees a name that it takes, that fits, and that no other tenant gets. */
import { quoteName } from "@watertight/schema";
import { expect, test } from "vitest";
import { loggedStatement } from "../../src/cells/statement-log.ts";
import { placeName, placeRoles, templateName } from "../../src/provision/names.ts";
import { parseCreateTenant } from "../../src/provision/tenant-input.ts";

const hostile = [
  "acme",
  "acme-gmbh",
  "",
  "'; drop database postgres; --",
  'a"b',
  "select",
  "user",
  "public",
  "pg_catalog",
  "template0",
  "postgres",
  "x".repeat(63),
  "x".repeat(64),
  `${"x".repeat(62)}y`,
  "ä".repeat(40),
  "a\u0301",
  "\u00e1",
  "İstanbul",
  "ﬀ",
  "𝒜cme",
  "..",
  "../../etc/passwd",
  "a\nb",
  "a b",
  "-",
  "_",
  "__",
  "a__b",
  "%s%n",
  "$1",
  "\\",
];

test.each(hostile)("%j", (slug) => {
  const name = placeName(slug, "salt");
  expect(name).toMatch(/^t_([a-z0-9_]+_)?[0-9a-f]{12}$/);
  for (const role of Object.values(placeRoles(name))) {
    expect(Buffer.byteLength(role)).toBeLessThanOrEqual(63);
    expect(quoteName(role)).toBe(`"${role}"`);
  }
});

test("no two slugs, and no two salts, share a name", () => {
  const names = hostile.flatMap((slug) => [placeName(slug, "one"), placeName(slug, "two")]);
  expect(new Set(names).size).toBe(names.length);
  expect(templateName("main", 42)).toBe("tmpl_v42");
  expect(templateName("billing-eu", 7)).toBe("tmpl_billing_eu_v7");
});

test.each([
  [{ model: "pool" }],
  [{ model: "heap", tenant: { id: "a", slug: "a" } }],
  [{ model: "pool", tenant: { id: "", slug: "a" } }],
  [{ model: "pool", tenant: { id: "a\0b", slug: "a" } }],
  [{ model: "pool", tenant: { id: "x".repeat(201), slug: "a" } }],
  [{ model: "pool", tenant: { id: "é".repeat(101), slug: "a" } }],
  [{ model: "pool", tenant: { id: "\ud800", slug: "a" } }],
  [{ model: "pool", tenant: { id: 7, slug: "a" } }],
  [{ model: "pool", tenant: { id: "a", slug: "a", superuser: true } }],
  [{ model: "pool", tenant: { id: "a", slug: "a" }, sql: "x" }],
  [{ model: "silo", tenant: { id: "a", slug: "a" } }],
  [{ model: "database", location: "loc_x", tenant: { id: "a", slug: "a" } }],
])("input %j is refused", (input) => {
  expect(() => parseCreateTenant(input as Record<string, unknown>)).toThrow(
    expect.objectContaining({ code: "WT_CATALOG_INPUT" }),
  );
});

test("a statement in the log shows no password, and no more than it must", () => {
  expect(loggedStatement(`create role x login password 'SCRAM-SHA-256$4096:a$b:c'`)).toBe(
    "create role x login password '…'",
  );
  expect(loggedStatement(`alter role x PASSWORD 'it''s'; select 1`)).toBe("alter role x password '…'; select 1");
  expect(loggedStatement("x".repeat(5000)).length).toBeLessThan(800);
});
