/** The intrusion test bites: each way to break a place is seen, the tenant is never active, and nothing is left of it. */
import { readdir } from "node:fs/promises";
import { describeServers, type TestServer } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asSuperuser, cellServer, type ControlPlane, controlPlane, provisioner } from "./cells.ts";
import type { SchemaSource } from "../../src/provision/schema-source.ts";
import { sampleSource } from "./sample-source.ts";

const breaks: readonly [name: string, found: RegExp, sql: string][] = [
  ["row security switched off", /projects: read/, "alter table public.projects disable row level security"],
  [
    "row security not forced",
    /projects: row security is not forced/,
    "alter table public.projects no force row level security",
  ],
  [
    "policies that let everything be read",
    /projects: read/,
    `do $$ declare p record; begin for p in select polname from pg_policy where polrelid = 'public.projects'::regclass loop
       execute format('alter policy %I on public.projects using (true)', p.polname); end loop; end $$`,
  ],
  [
    "policies that let everything be written",
    /tasks: insert/,
    `do $$ declare p record; begin for p in select polname from pg_policy where polrelid = 'public.tasks'::regclass loop
       execute format('alter policy %I on public.tasks with check (true)', p.polname); end loop; end $$`,
  ],
  [
    "a table that is not protected",
    /public.tasks: not protected/,
    "delete from watertight.protected where relation = 'public.tasks'::regclass",
  ],
  [
    "a reading role that writes",
    /tasks: the reading role writes/,
    "grant delete on public.tasks to watertight_silo_readonly",
  ],
  [
    "an application that may do nothing",
    /nothing was tested/,
    "revoke insert on public.projects from watertight_silo_app",
  ],
  [
    "a fence that is not asked",
    /not active yet was opened/,
    "alter table watertight.fence alter column state set default 'active'; create or replace function watertight.open(token bytea) returns void language sql as 'select null::void'",
  ],
];

/** Tables that are closed further than the kit closes them: that is no leak, and no reason to test nothing. */
const closedFurther = {
  database: [
    `create table public.events (tenant_id uuid not null, id int not null, at date not null, primary key (tenant_id, id, at)) partition by range (at);
     create table public.events_1 partition of public.events for values from ('2026-01-01') to ('2027-01-01');
     create table public.events_rest partition of public.events default`,
    `create table public.notes (tenant_id uuid not null, id int not null default 1, body text not null, primary key (tenant_id, id));
     create policy append_only on public.notes as restrictive for update to public using (false)`,
  ],
  tables: [{ table: "public.events" }, { table: "public.notes" }],
};

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let version = 1;
  const sourceAt = (at: number): SchemaSource => ({
    ...sampleSource(1),
    ...(at >= 50 && at < 60 ? closedFurther : {}),
    version: at,
  });
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server, { schemaOf: async () => sourceAt(version) });
    await plane.addCell(cell, { id: "eu-1" });
    await plane.run("template.build", { cell: "eu-1" });
  }, 120_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });

  test.each(breaks.map(([name, found, sql], n) => ({ name, found, sql, n })))(
    "$name",
    { timeout: 60_000 },
    async ({ found, sql, n }) => {
      version = 100 + n;
      const template = `tmpl_v${version}`;
      await asSuperuser(cell, (admin) =>
        admin.query(`create database ${template} owner ${provisioner} template tmpl_v1`),
      );
      await asSuperuser(cell, (admin) => admin.query(sql), template);
      await asSuperuser(cell, async (admin) => {
        await admin.query(`comment on database ${template} is 'watertight operation op_broken'`);
        await admin.query(`alter database ${template} allow_connections false`);
      });
      const id = `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
      const operation = await plane.run("tenant.create", { model: "database", tenant: { id, slug: `broken-${n}` } });
      expect(operation).toMatchObject({
        state: "failed",
        direction: "back",
        error: { code: "WT_PROVISION_LEAK", step: "smoke" },
      });
      expect(operation.error?.message).toMatch(found);
      await asSuperuser(cell, async (admin) => {
        const { rows } = await admin.query(
          "select datname as name from pg_database where datname ~ '^(t_|making_)' union all select rolname from pg_roles where rolname ~ '^t_'",
        );
        expect(rows).toEqual([]);
      });
      const { rows } = await plane.catalog.db.admin.query(
        `select (select state from watertight_catalog.tenant where id = $1) as tenant, (select string_agg(state, ',') from watertight_catalog.placement where tenant = $1) as placements,
                (select count(*)::int from watertight_catalog.cleanup where operation = $2 and settled_at is null) as open`,
        [id, operation.id],
      );
      expect(rows[0]).toEqual({ tenant: "provisioning", placements: "retired", open: 0 });
      expect((await readdir(plane.folder)).filter((file) => file.startsWith(operation.id))).toEqual([]);
    },
  );

  test("partitions behind their table and rows that nobody may change pass; a partition with a door of its own does not", async () => {
    version = 50;
    // the templates of the tests above are open to everybody
    await asSuperuser(cell, (admin) =>
      admin.query(`revoke connect on database ${breaks.map((_, n) => `tmpl_v${100 + n}`).join(", ")} from public`),
    );
    expect(await plane.run("template.build", { cell: "eu-1" })).toMatchObject({ state: "succeeded" });
    const made = await plane.run("pool.create", { name: "closed" });
    expect([made.state, made.error]).toEqual(["succeeded", null]);
    expect((made.output["smoke"] as { untested: unknown[] }).untested).toEqual([]);
    version = 51;
    await asSuperuser(cell, (admin) => admin.query(`create database tmpl_v51 owner ${provisioner} template tmpl_v50`));
    await asSuperuser(
      cell,
      (admin) =>
        admin.query(
          "grant select on public.events_1 to watertight_silo_app; alter table public.events_1 disable row level security",
        ),
      "tmpl_v51",
    );
    await asSuperuser(cell, (admin) =>
      admin.query(
        "comment on database tmpl_v51 is 'watertight operation op_broken'; alter database tmpl_v51 allow_connections false",
      ),
    );
    const leaky = await plane.run("pool.create", { name: "leaky" });
    expect(leaky).toMatchObject({ state: "failed", error: { code: "WT_PROVISION_LEAK", step: "smoke" } });
    expect(leaky.error?.message).toMatch(/events_1: row security is not forced/);
  });
});
