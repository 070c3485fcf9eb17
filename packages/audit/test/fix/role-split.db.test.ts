// The statements run on every database of a server, whichever of them came first. An application that logs in as the owner of its tables gets a role of its own, and the copy is attacked as that role.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import { protect } from "../../src/fix/protect.ts";
import { roleSplit } from "../../src/fix/role-split.ts";
import { factsOf } from "../support/facts.ts";

const schema = `
create table public.tenants (id uuid primary key);
create table public.invoices (tenant_id uuid not null references public.tenants, id uuid not null, total numeric, primary key (tenant_id, id));
create table public.schema_migrations (version text primary key);
alter table public.tenants enable row level security;
alter table public.tenants force row level security;
alter table public.invoices enable row level security;
alter table public.invoices force row level security;
create policy own on public.tenants using (id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
create policy own on public.invoices using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
`;

test("a role that owns nothing, proved on a copy as that role", async () => {
  const root = await mkdtemp(join(tmpdir(), "watertight-split-"));
  try {
    await writeFile(join(root, "0001_first.sql"), schema);
    const request = { root, resolved: resolveOptions({}), configFile: null };
    const without = await protect(request);
    expect(without.plan.left.find(({ finding }) => finding === "A7-postgres")?.why).toMatch(/--split-role/);
    const { before, after, files } = await protect({ ...request, splitRole: "app_user" });
    expect(before.understanding.roles.map(({ name }) => name)).toEqual(["postgres"]);
    expect(after!.understanding.roles.map(({ name }) => name)).toEqual(["app_user"]);
    const cell = (report: typeof before): string | undefined =>
      report.matrix.cells.find(({ table, column }) => table.name === "invoices" && column === "truncate")?.verdict;
    expect([cell(before), cell(after!)]).toEqual(["LEAK", "BLOCKED"]);
    expect(after!.findings.filter(({ vector }) => vector === "A7")).toEqual([]);
    expect(files.map(({ file }) => file)).toEqual(["0002_watertight_roles.sql"]);
    expect(files[0]!.text).not.toMatch(/schema_migrations|truncate on|default privileges/);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}, 120_000);

describeServers((server) => {
  test("a role that another database has made is taken, unless row security does not bind it", async () => {
    const name = `split_${process.pid}_${server.version}`;
    const facts = await factsOf(server, schema);
    const statements = roleSplit(facts, name).map(({ sql }) => sql);
    const databases = [await createDatabase(server), await createDatabase(server)];
    try {
      for (const { admin } of databases) {
        await admin.query(schema);
        for (const sql of statements) await admin.query(sql);
      }
      const [{ admin }] = databases as [(typeof databases)[0]];
      const { rows } = await admin.query("select rolcanlogin, rolinherit from pg_roles where rolname = $1", [name]);
      expect(rows).toEqual([{ rolcanlogin: true, rolinherit: false }]);
      await admin.query(`alter role ${name} bypassrls`);
      await expect(admin.query(statements[0]!)).rejects.toThrow("row security does not bind it");
    } finally {
      await facts.drop();
      for (const { admin } of databases) await admin.query(`drop owned by ${name}`);
      await databases[0]!.admin.query(`drop role ${name}`);
      for (const database of databases) await database.drop();
    }
  });
});
