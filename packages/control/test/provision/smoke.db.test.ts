/**
 * The intrusion test bites: each way to break a place is seen, in the template before it has its name and, where nobody has tried the template,
 * in the place; the tenant is never active, and nothing is left of it.
 */
import { readdir } from "node:fs/promises";
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { classRoles } from "../../src/cells/class-roles.ts";
import { tryTemplate } from "../../src/provision/smoke/try-template.ts";
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
    "a policy that lets a row be given away, where something else refuses it later",
    /\(public\.projects: reassign\)/,
    `do $$ declare p record; begin for p in select polname from pg_policy where polrelid = 'public.projects'::regclass loop
       execute format('alter policy %I on public.projects with check (true)', p.polname); end loop; end $$;
     create policy put_in on public.projects as restrictive for insert to public with check (tenant_id::text = (select watertight.tenant_id()));
     create function public.kept() returns trigger language plpgsql as $$ begin raise exception using errcode = '23503', constraint = 'kept'; end $$;
     create trigger kept after update of tenant_id on public.projects for each row execute function public.kept()`,
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
  let more: readonly string[] = [];
  const sourceAt = (at: number): SchemaSource => ({
    ...sampleSource(1),
    ...(at >= 50 && at < 60 ? closedFurther : {}),
    version: at,
  });
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server, {
      schemaOf: async () => ({ ...sourceAt(version), database: [...sourceAt(version).database, ...more] }),
    });
    await plane.addCell(cell, { id: "eu-1" });
    await plane.run("template.build", { cell: "eu-1" });
  }, 120_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });

  /** What `template.build` does with a template that is filled: everything in a copy of it. */
  const triedIn = async (template: string): Promise<unknown> => {
    const copy = `trying_${template}`;
    await asSuperuser(cell, (admin) =>
      admin.query(`create database ${copy} owner ${provisioner} template ${template}`),
    );
    const session = new pg.Client({ connectionString: cell.url(copy, provisioner) });
    await session.connect();
    try {
      return await tryTemplate(session, classRoles(), sampleSource(1));
    } finally {
      await session.end();
      await asSuperuser(cell, (admin) => admin.query(`drop database ${copy} with (force)`));
    }
  };

  test("a sound template passes, and is attacked in every table", async () => {
    expect(await triedIn("tmpl_v1")).toMatchObject({ tables: 2, untested: [] });
  });

  test("a template that leaks never gets its name", async () => {
    version = 70;
    // the migrations' owner may do this, and it happens after the tables were protected
    more = [
      "create function public.late() returns trigger language plpgsql security definer as $$ begin grant delete on public.tasks to watertight_silo_readonly; return null; end $$",
      "create trigger late after delete on watertight.seal for each statement execute function public.late()",
    ];
    try {
      const operation = await plane.run("template.build", { cell: "eu-1" });
      expect(operation).toMatchObject({ state: "failed", error: { code: "WT_PROVISION_LEAK", step: "template" } });
      expect(operation.error?.message).toMatch(/tasks: the reading role writes/);
    } finally {
      more = [];
    }
    await asSuperuser(cell, async (admin) => {
      const { rows } = await admin.query("select 1 from pg_database where datname ~ '^(tmpl_v70|making_|trying_)'");
      expect(rows).toEqual([]);
    });
    const { rows } = await plane.catalog.db.admin.query("select name from watertight_catalog.template");
    expect(rows).toEqual([{ name: "tmpl_v1" }]);
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
        // as template.build leaves it: what is broken is this one thing
        await admin.query(`revoke all on database ${template} from public`);
        await admin.query(`alter database ${template} allow_connections false`);
      });
      await expect(triedIn(template)).rejects.toMatchObject({
        code: "WT_PROVISION_LEAK",
        message: expect.stringMatching(found) as string,
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
          "select datname as name from pg_database where datname ~ '^(t_|making_|trying_)' union all select rolname from pg_roles where rolname ~ '^t_'",
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
