// The whole way for each tool: protect plans, its files are written, and a check of the project then finds what protect has promised.
import { describe, expect, test } from "vitest";
import { check } from "../../src/check/check.ts";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import { protect } from "../../src/fix/protect.ts";
import { writeFiles } from "../../src/fix/write-files.ts";
import { worthFixing } from "../../src/report/order.ts";
import { projectOf } from "../find/project-of.ts";
import { projects } from "./written-projects.ts";

const context = "(select nullif(current_setting('app.tenant_id', true), ''))::uuid";
// the end of a template, a value of Knex, a backslash
const hostile = '"notes`?\\ "';
const flawed = `create role shop_app login;
create table public.tenants (id uuid primary key);
create table public.projects (tenant_id uuid not null references public.tenants, id uuid primary key);
create table public.${hostile} (tenant_id uuid not null references public.tenants, id uuid primary key, project_id uuid references public.projects (id));
alter table public.projects enable row level security;
alter table public.projects force row level security;
create policy p on public.projects using (tenant_id = ${context});
grant select, insert, update, delete on public.projects, public.${hostile} to shop_app;
`;
const idsOf = (findings: Parameters<typeof worthFixing>[0]): string[] => worthFixing(findings).map(({ id }) => id);
// one of each tool: the languages are told apart without a database
const each = projects.filter(({ tool }, at) => projects.findIndex((other) => other.tool === tool) === at);

describe.each(each)("$tool, $about", ({ files }) => {
  test("what protect has written closes what it has promised", async () => {
    const root = await projectOf(files(flawed));
    const request = { root, resolved: resolveOptions({}), configFile: null, attack: false } as const;
    const done = await protect(request);
    expect(done.unwritable).toBeNull();
    expect(idsOf(done.before.findings).some((id) => id.startsWith("A1-notes"))).toBe(true);
    expect(done.plan.left.filter(({ why }) => why.startsWith("it fails"))).toEqual([]);
    expect(done.files.length).toBeGreaterThan(0);
    await writeFiles(root, done.files, done.listing, new Date());
    const after = await check(request);
    await after.close();
    expect(after.report.statements.failed).toEqual([]);
    expect(after.report.statements.ran).toBe(done.after!.statements.ran);
    expect(idsOf(after.report.findings)).toEqual(idsOf(done.after!.findings));
    expect(idsOf(after.report.findings).filter((id) => /^(?:A1|E1)-/.test(id))).toEqual([]);
    expect(after.report.fixable).toEqual([]);
    // known by its mark, in a program as well: nothing is left to do for the time before it
    const opened = after.report.findings.filter(({ vector, id }) => vector === "A11" && id.includes("notes"));
    expect(opened.map(({ severity }) => severity)).toEqual(["info"]);
  });
});

test("where a tool runs all in one transaction, a column is added, filled and enforced there", async () => {
  const kysely = projects.find(({ tool }) => tool === "kysely")!;
  const root = await projectOf(
    kysely.files(`${flawed}
create table public.lines (id uuid primary key, project_id uuid not null references public.projects (id));
insert into public.tenants values ('00000000-0000-4000-8000-000000000001');
insert into public.projects select id, id from public.tenants;
insert into public.lines select id, id from public.projects;
grant select on public.lines to shop_app;`),
  );
  const request = { root, resolved: resolveOptions({}), configFile: null, attack: false } as const;
  const done = await protect({ ...request, expand: true });
  expect(done.plan.left.filter(({ why }) => why.startsWith("it fails"))).toEqual([]);
  const texts = done.plan.statements.map(({ sql }) => sql);
  expect(new Set(texts).size).toBe(texts.length);
  const locks = done.plan.statements.map(({ lock }) => lock);
  expect([locks.includes("blocking"), locks.includes("concurrent"), locks.includes("batches")]).toEqual([
    true,
    false,
    false,
  ]);
  await writeFiles(root, done.files, done.listing, new Date());
  const after = await check(request);
  const lines = after.facts.snapshot.relations.find(({ name }) => name === "lines");
  await after.close();
  expect(after.report.statements.failed).toEqual([]);
  expect(lines?.columns.find(({ name }) => name === "tenant_id")).toMatchObject({ notNull: true });
});
