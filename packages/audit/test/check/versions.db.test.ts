// The same project on two major versions: what only one of them lets through, or refuses, is said and never lost.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownBinaries } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkVersions } from "../../src/check/check-versions.ts";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import { binariesOf } from "../../src/replay/binaries.ts";

// 15 lets CREATEROLE grant every role; only 18 knows this kind of constraint
const schema = `
create role shop_owner nologin;
create role shop_app login createrole;
create table public.tenants (id uuid primary key);
create table public.invoices (tenant_id uuid not null references public.tenants, id uuid not null, primary key (tenant_id, id));
alter table public.tenants owner to shop_owner;
alter table public.invoices owner to shop_owner;
alter table public.invoices enable row level security;
alter table public.invoices force row level security;
create policy own on public.invoices using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select on public.tenants to shop_app;
grant select, insert on public.invoices to shop_app;
alter table public.invoices add constraint filled check (id is not null) not enforced;
`;

let root: string;
const before = process.env["WATERTIGHT_POSTGRES_15"];
beforeAll(async () => {
  process.env["WATERTIGHT_POSTGRES_15"] = ownBinaries(15);
  root = await mkdtemp(join(tmpdir(), "watertight-versions-"));
  await writeFile(join(root, "0001_first.sql"), schema);
});
afterAll(async () => {
  if (before === undefined) delete process.env["WATERTIGHT_POSTGRES_15"];
  else process.env["WATERTIGHT_POSTGRES_15"] = before;
  await rm(root, { recursive: true, force: true });
});

test("both versions in one report", async () => {
  const resolved = resolveOptions({ flags: { server: "18,15" } });
  const { report, close } = await checkVersions({ root, resolved, configFile: null });
  await close();
  expect(report.server.version).toMatch(/^18/);
  expect(report.server.also?.[0]).toMatch(/^15/);
  expect(report.statements.failed).toEqual([
    expect.objectContaining({ reason: expect.stringMatching(/^on PostgreSQL 15:/) }),
  ]);
  const a6 = report.findings.find(({ vector }) => vector === "A6")!;
  expect(a6.evidence.join("\n")).toContain("so it is on PostgreSQL 15");
}, 120_000);

test("binaries: the embedded version needs none; others are named, found, or refused with the way to get them", () => {
  expect(binariesOf(18)).toBeUndefined();
  expect(binariesOf(15)).toBe(ownBinaries(15));
  expect(() => binariesOf(15, { WATERTIGHT_POSTGRES_15: root })).toThrow(/WATERTIGHT_POSTGRES_15 names a folder/);
  expect(() => binariesOf(99, {})).toThrow(/WATERTIGHT_POSTGRES_99/);
});
