/**
 * A tenant's copy is compared with the template that was attacked: whatever is altered in it is seen and named, and nothing turns active. What
 * the attack itself cannot see is caught by the comparison alone, which a run without it shows.
 */
import { describeServers, type TestServer } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Operation, OperationKind, Step } from "../../src/operations/operation.ts";
import { requestOperation } from "../../src/operations/operation-rows.ts";
import { runOperation } from "../../src/operations/run-operation.ts";
import {
  differingAspects,
  readFingerprint,
  readObjects,
  tellDifferences,
} from "../../src/provision/smoke/fingerprint.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane } from "./cells.ts";

interface Alteration {
  readonly name: string;
  readonly found: RegExp;
  /** In the copy, as a superuser. */
  readonly sql: (database: string) => string;
  /** What is the whole server's is taken back. */
  readonly after?: string;
}

const reader = `create function public.everything() returns setof public.projects language sql security definer as 'select * from public.projects';`;
const alterations: readonly Alteration[] = [
  {
    name: "a policy dropped",
    found: /policy public\.projects\..* differs/,
    sql: () =>
      "do $$ begin execute (select format('drop policy %I on public.projects', polname) from pg_policy where polrelid = 'public.projects'::regclass and not polpermissive); end $$",
  },
  {
    name: "a policy's expression",
    found: /policy public\.tasks/,
    sql: () =>
      "do $$ begin execute (select format('alter policy %I on public.tasks using (true)', polname) from pg_policy where polrelid = 'public.tasks'::regclass and not polpermissive limit 1); end $$",
  },
  {
    name: "a policy's roles",
    found: /policy public\.tasks/,
    sql: () =>
      "do $$ begin execute (select format('alter policy %I on public.tasks to pg_monitor', polname) from pg_policy where polrelid = 'public.tasks'::regclass and not polpermissive limit 1); end $$",
  },
  {
    name: "FORCE off",
    found: /table public\.tasks/,
    sql: () => "alter table public.tasks no force row level security",
  },
  { name: "a right on a table", found: /table public\.plans/, sql: () => "grant select on public.plans to public" },
  {
    name: "a right on a column",
    found: /column public\.projects/,
    sql: () => "grant select (name) on public.projects to public",
  },
  {
    name: "a right on a sequence",
    found: /table public\.tasks_id_seq/,
    sql: () => "grant update on sequence public.tasks_id_seq to public",
  },
  {
    name: "a right on a schema",
    found: /schema public/,
    sql: () => "grant create on schema public to watertight_silo_app",
  },
  {
    name: "a right on a function",
    found: /function pg_read_file/,
    sql: () => "grant execute on function pg_read_file(text) to public",
  },
  {
    name: "another owner",
    found: /table public\.plans/,
    sql: () => "alter table public.plans owner to wt_provisioner",
  },
  {
    name: "a function replaced",
    found: /function tenant_id/,
    sql: () => "create or replace function watertight.tenant_id() returns text language sql stable as $$ select 'x' $$",
  },
  {
    name: "a function's settings",
    found: /function open/,
    sql: () => "alter function watertight.open(bytea) reset all",
  },
  { name: "a function of its owner's rights", found: /function everything/, sql: () => reader },
  {
    name: "a view of its owner's rights",
    found: /table public\.seen/,
    sql: () => "create view public.seen as select * from public.projects",
  },
  {
    name: "a trigger",
    found: /trigger public\.projects/,
    sql: () =>
      "create function public.t() returns trigger language plpgsql as 'begin return new; end'; create trigger t before insert on public.projects for each row execute function public.t()",
  },
  {
    name: "a foreign key that is not kept",
    found: /trigger public\.tasks/,
    sql: () => "alter table public.tasks disable trigger all",
  },
  {
    name: "default privileges",
    found: /default privileges/,
    sql: () => "alter default privileges for role watertight_silo_owner grant select on tables to public",
  },
  {
    name: "what the kit knows as protected",
    found: /kit protected/,
    sql: () => "update watertight.protected set mode = 'observe' where relation = 'public.tasks'::regclass",
  },
  {
    name: "an attribute of a role that has rights here",
    found: /role watertight_silo_app/,
    sql: () => "alter role watertight_silo_app bypassrls",
    after: "alter role watertight_silo_app nobypassrls",
  },
  {
    name: "a membership of a role that has rights here",
    found: /membership watertight_silo_app in pg_read_all_data/,
    sql: () => "grant pg_read_all_data to watertight_silo_app",
    after: "revoke pg_read_all_data from watertight_silo_app",
  },
  {
    name: "somebody in a role that has rights here",
    found: /membership .* in watertight_silo_owner/,
    sql: () => "grant watertight_silo_owner to pg_monitor",
    after: "revoke watertight_silo_owner from pg_monitor",
  },
  {
    name: "a membership of the tenant's login",
    found: /_rw is a member of watertight_silo_owner/,
    sql: (database) => `grant watertight_silo_owner to ${database}_rw`,
  },
  {
    name: "somebody in the tenant's group",
    found: /pg_monitor is a member of .*_in/,
    sql: (database) => `grant ${database}_in to pg_monitor`,
  },
  {
    name: "an attribute of the tenant's login",
    found: /role .*_ro is not as it was made/,
    sql: (database) => `alter role ${database}_ro reset all`,
  },
  {
    name: "a database that is open to everybody",
    found: /everybody has CONNECT/,
    sql: (database) => `grant connect on database ${database} to public`,
  },
  {
    name: "a setting of the database",
    found: /settings of the database/,
    sql: (database) => `alter database ${database} set check_function_bodies = off`,
  },
  {
    name: "a setting of a role in the database",
    found: /a setting of .*_rw/,
    sql: (database) => `alter role ${database}_rw in database ${database} set search_path = 'public'`,
  },
];

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let last = 0;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server);
    await plane.addCell(cell, { id: "eu-1" });
    await plane.run("template.build", { cell: "eu-1" });
  }, 120_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });

  /** Makes a tenant whose copy is altered right before the intrusion test. */
  const altered = async (sql: (database: string) => string): Promise<Operation> => {
    const kind = plane.kinds.get("tenant.create") as unknown as OperationKind;
    let done = false;
    const alter: Step<never> = {
      name: "alter",
      observe: async () => done,
      async act({ operation }) {
        const { rows } = await plane.catalog.db.admin.query(
          "select database from watertight_catalog.location where made_by = $1",
          [operation.id],
        );
        const { database } = rows[0] as { database: string };
        await asSuperuser(cell, (admin) => admin.query(sql(database)), database);
        done = true;
      },
    };
    const kinds = new Map([
      [
        kind.kind,
        {
          ...kind,
          steps: (input: never) =>
            kind.steps(input).flatMap((step) => (step.name === "smoke" ? [alter, step] : [step])),
        } as unknown as OperationKind<never>,
      ],
    ]);
    const n = ++last;
    const tenant = { id: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`, slug: `altered-${n}` };
    const { id } = await requestOperation(plane.catalog.pool, actor, kind, { model: "database", tenant });
    const signal = new AbortController().signal;
    await runOperation({ catalog: plane.catalog.pool, kinds, worker: "here", signal, failpoint: () => {} }, id);
    const { rows } = await plane.catalog.db.admin.query(
      "select state, error, output from watertight_catalog.operation where id = $1",
      [id],
    );
    return rows[0] as Operation;
  };

  const databaseOf = async (): Promise<string> =>
    (
      await plane.catalog.db.admin.query(
        "select database from watertight_catalog.location where model = 'database' and state = 'ready' limit 1",
      )
    ).rows[0].database;

  test("a copy that nobody touched is its template", async () => {
    expect(await altered(() => "select 1")).toMatchObject({
      state: "succeeded",
      output: { smoke: { compared: true, tables: 2, untested: [] } },
    });
  });

  test.each(alterations)("$name", { timeout: 30_000 }, async ({ found, sql, after }) => {
    try {
      const operation = await altered(sql);
      expect(operation).toMatchObject({ state: "failed", error: { code: "WT_PROVISION_LEAK", step: "smoke" } });
      expect(operation.error?.message).toMatch(found);
    } finally {
      if (after !== undefined) await asSuperuser(cell, (admin) => admin.query(after));
    }
  });

  test("a copy reads the same under settings of its own", async () => {
    await asSuperuser(
      cell,
      async (admin) => {
        const first = await readFingerprint(admin);
        await admin.query(
          "set search_path = ''; set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set bytea_output = 'escape'; set quote_all_identifiers = on",
        );
        expect(await readFingerprint(admin)).toEqual(first);
        // and one that is altered is called by its name
        const kept = await readObjects(admin);
        await admin.query(
          "begin; update watertight.protected set mode = 'observe' where relation = 'public.tasks'::regclass",
        );
        const { rows } = await admin.query("select 'public.tasks'::regclass::oid::text as oid");
        await admin.query("commit");
        const aspects = differingAspects(first, await readFingerprint(admin));
        expect(aspects).toEqual(["kit"]);
        const told = await tellDifferences(admin, aspects, kept);
        expect(told).toEqual(["kit protected public.tasks differs from the template"]);
        expect(told.join()).not.toContain(rows[0].oid);
        await admin.query("update watertight.protected set mode = 'enforce' where relation = 'public.tasks'::regclass");
      },
      await databaseOf(),
    );
  });

  test("another version's record is compared with nothing: the whole test is made", async () => {
    const change = (question: string) =>
      plane.catalog.db.admin.query(
        "update watertight_catalog.template set fingerprint = fingerprint || jsonb_build_object('question', $1::text) returning fingerprint ->> 'question' as now",
        [question],
      );
    const { rows } = await plane.catalog.db.admin.query<{ question: string }>(
      "select fingerprint ->> 'question' as question from watertight_catalog.template",
    );
    await change("of another version");
    try {
      const operation = await altered(() => "select 1");
      expect(operation).toMatchObject({ state: "succeeded", output: { smoke: { tables: 2 } } });
      expect(operation.output["smoke"]).not.toHaveProperty("compared");
    } finally {
      await change(rows[0]!.question);
    }
  });

  test("what only the comparison sees gets through without it", async () => {
    const { rows } = await plane.catalog.db.admin.query("delete from watertight_catalog.template returning *");
    try {
      const operation = await altered(() => reader);
      expect(operation).toMatchObject({ state: "succeeded" });
      expect(operation.output["smoke"]).not.toHaveProperty("compared");
    } finally {
      const { cell: of, name, made_by, fingerprint, objects } = rows[0];
      await plane.catalog.db.admin.query(
        "insert into watertight_catalog.template (cell, name, made_by, fingerprint, objects) values ($1, $2, $3, $4, $5)",
        [of, name, made_by, fingerprint, objects],
      );
    }
  });
});
