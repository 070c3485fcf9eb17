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

test("the owner of the tables is no role for the application, and what stays open is said", async () => {
  const root = await mkdtemp(join(tmpdir(), "watertight-split-"));
  try {
    const owned = `create role shop_owner login;\ngrant usage, create on schema public to shop_owner;\nset role shop_owner;\n${schema}`;
    await writeFile(join(root, "0001_first.sql"), owned);
    const request = { root, resolved: resolveOptions({}), configFile: null, attack: false };
    const { before, plan, files } = await protect({ ...request, splitRole: "shop_owner" });
    const owning = before.findings.filter(({ vector }) => vector === "A7").map(({ id }) => id);
    expect(owning).not.toEqual([]);
    expect(plan.left.map(({ finding }) => finding)).toEqual(expect.arrayContaining(["role shop_owner", ...owning]));
    expect(plan.left.find(({ finding }) => finding === "role shop_owner")!.why).toContain("may become their owner");
    expect(plan.statements.filter(({ stage }) => stage === "roles")).toEqual([]);
    expect(files.map(({ text }) => text).join("")).not.toContain('to "shop_owner"');
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
      await admin.query(
        `alter role ${name} nobypassrls; create role ${name}_all bypassrls; grant ${name}_all to ${name}`,
      );
      await expect(admin.query(statements[0]!)).rejects.toThrow("row security does not bind it");
      await admin.query(`drop role ${name}_all; create role ${name}_owner; grant ${name}_owner to ${name}`);
      await admin.query(statements[0]!);
      await admin.query(`alter table public.invoices owner to ${name}_owner`);
      await expect(admin.query(statements[0]!)).rejects.toThrow("may become their owner");
      await admin.query(`alter table public.invoices owner to ${name}; revoke ${name}_owner from ${name}`);
      await expect(admin.query(statements[0]!)).rejects.toThrow("owns tables");
    } finally {
      await facts.drop();
      for (const { admin } of databases) await admin.query(`drop owned by ${name}`);
      for (const role of [`${name}_all`, `${name}_owner`, name])
        await databases[0]!.admin.query(`drop role if exists ${role}`);
      for (const database of databases) await database.drop();
    }
  });
});
