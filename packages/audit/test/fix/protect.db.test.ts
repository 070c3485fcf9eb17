// Fixes are proved on a copy: what they close is closed there, what fails there is left to the person, and nothing is written.
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import { protect } from "../../src/fix/protect.ts";

const flawed = `
create role shop_owner nologin;
create role shop_app login;
create table public.tenants (id uuid primary key);
create table public.projects (tenant_id uuid not null references public.tenants, id uuid primary key, name text);
create table public.invoices (tenant_id uuid not null references public.tenants, id uuid primary key, project_id uuid references public.projects (id) on delete cascade);
create table public.lines (invoice_id uuid not null references public.invoices (id), note text);
create table public.settings (tenant_id uuid not null references public.tenants, name text, primary key (tenant_id, name));
alter table public.tenants owner to shop_owner;
alter table public.projects owner to shop_owner;
alter table public.invoices owner to shop_owner;
alter table public.lines owner to shop_owner;
alter table public.settings owner to shop_owner;
alter table public.projects enable row level security;
alter table public.projects force row level security;
create policy p on public.projects using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
alter table public.settings enable row level security;
alter table public.settings force row level security;
create policy s on public.settings using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid or current_setting('app.admin', true) = 'on');
grant select, insert, update, delete, truncate on public.projects, public.invoices to shop_app;
grant select, insert on public.lines, public.settings to shop_app;
create view public.totals as select tenant_id, count(*) from public.projects group by 1;
alter view public.totals owner to shop_owner;
grant select on public.totals to shop_app;
`;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "watertight-protect-"));
  await writeFile(join(root, "0001_first.sql"), flawed);
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("closes what it can, on a copy, and says what it leaves", async () => {
  const done = await protect({ root, resolved: resolveOptions({}), configFile: null });
  const ids = (severe: readonly { id: string; severity: string }[]): string[] =>
    severe.filter(({ severity }) => ["critical", "high"].includes(severity)).map(({ id }) => id);
  const before = ids(done.before.findings);
  expect(before).toEqual(expect.arrayContaining(["A1-invoices", "A1-lines", "B4-settings.s"]));
  // TRUNCATE … CASCADE reaches a table on which the role has no such right
  const truncate = done.before.findings.filter(({ vector }) => vector === "F1");
  expect(truncate.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual(["F1-invoices BLOCKED", "F1-projects BLOCKED"]);
  expect(ids(done.after!.findings)).toEqual([]);
  expect(done.after!.statements.failed).toEqual([]);
  expect(done.files.map(({ file }) => file)).toEqual(["0002_watertight_indexes.sql", "0003_watertight.sql"]);
  const text = done.files.map((file) => file.text).join("");
  expect(text).toContain('exists (select from "public"."invoices" as parent');
  expect(text).not.toMatch(/drop (table|column|policy)|delete from|truncate (table )?"/i);
  expect(await readdir(root)).toEqual(["0001_first.sql"]);
  const { application } = done.plan;
  expect(application.map((each) => each.split(" ").slice(0, 3).join(" "))).toEqual([
    "Queries: set the",
    "Rows of other",
    "Jobs, exports and",
    "Migrations that read",
    "A row that",
    "Rights that are",
  ]);
  expect(application[0]).toContain(
    "set_config('app.tenant_id', $1, true)) in each transaction that touches invoices, lines, settings.",
  );
  expect(done.files.at(-1)!.text).toContain("-- What your application must do");
  expect(done.before.fixable).toEqual(expect.arrayContaining(["A1-invoices", "A1-lines", "B4-settings.s"]));
  expect(done.after!.fixable).toEqual([]);
});

test("says that sign-up and sign-in change where the tenants and their people are protected", async () => {
  const own = await mkdtemp(join(tmpdir(), "watertight-protect-"));
  try {
    await writeFile(
      join(own, "0001_first.sql"),
      `create role shop_owner nologin; create role shop_app login;
create table public.tenants (id uuid primary key, name text);
create table public.members (tenant_id uuid not null references public.tenants, id uuid not null, email text, primary key (tenant_id, id));
create table public.notes (tenant_id uuid not null references public.tenants, id uuid not null, primary key (tenant_id, id));
alter table public.tenants owner to shop_owner; alter table public.members owner to shop_owner; alter table public.notes owner to shop_owner;
alter table public.notes enable row level security; alter table public.notes force row level security;
create policy own on public.notes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert, update, delete on public.tenants, public.members, public.notes to shop_app;`,
    );
    const { plan } = await protect({ root: own, resolved: resolveOptions({}), configFile: null });
    expect(plan.application).toContainEqual(expect.stringMatching(/^Sign-up: a new row of tenants is refused/));
    expect(plan.application).toContainEqual(expect.stringMatching(/^Sign-in: nobody is found in members before/));
    expect(plan.application[0]).toContain("touches members, tenants.");
  } finally {
    await rm(own, { recursive: true, force: true });
  }
});

test("without a context it invents none", async () => {
  const bare = await mkdtemp(join(tmpdir(), "watertight-protect-"));
  try {
    await writeFile(
      join(bare, "0001_first.sql"),
      "create role a login; create table public.tenants (id uuid primary key); create table public.notes (tenant_id uuid not null references public.tenants, id uuid primary key); grant select on public.notes to a;",
    );
    const done = await protect({ root: bare, resolved: resolveOptions({}), configFile: null });
    expect(done.plan.statements.filter(({ sql }) => sql.includes("policy"))).toEqual([]);
    expect(done.plan.left.find(({ finding }) => finding === "A1-notes")?.why).toMatch(/declare context/);
  } finally {
    await rm(bare, { recursive: true, force: true });
  }
});
