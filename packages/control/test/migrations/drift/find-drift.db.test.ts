// Drift: every kind of difference is told, equal ones together, whatever the tenant is called; what is right is silent; nothing is repaired or left.
import { findDrift, memoryStore, type Release, runWaves, type Target } from "@watertight/control";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { releaseOf } from "../support/project.ts";
import { poolTarget, schemaTarget, schemaTenants } from "../support/tenants.ts";

const files = {
  "0001_init.sql": `create type kind as enum ('a', 'b');
create table projects (id bigint generated always as identity primary key, kind kind not null default 'a', name text check (name <> ''));
create table tasks (id int primary key, project bigint references projects (id) on delete cascade);
create view names as select name from projects;
create function shout(text) returns text language sql immutable as 'select upper($1)';
create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touched before update on tasks for each row execute function touch();
alter table projects enable row level security;
create policy own on projects using (name is not null);`,
  "0002_index.sql":
    "create index concurrently by_name on projects (shout(name));\nalter table projects drop column kind;",
};

describeServers((server) => {
  let db: TestDatabase;
  let targets: Target[];
  let release: Release;
  beforeEach(async () => {
    db = await createDatabase(server, { kit: { level: "sealed" } });
    targets = await schemaTenants(db, 6);
    const hostile = `T "odd"; drop table x; --`;
    await db.admin.query(`create schema ${pg.escapeIdentifier(hostile)} authorization ${db.roles.owner}`);
    targets.push({ ...schemaTarget(db, hostile), id: "odd" });
    release = await releaseOf(files);
    await runWaves({ targets, release, store: memoryStore(), waves: ["100%"] });
  });
  afterEach(() => db?.drop());

  const mayCreate = (): Promise<unknown> =>
    db.admin.query(`grant create on database ${pg.escapeIdentifier(db.name)} to ${db.roles.owner}`);

  test("tenants that are what their files make are clean, also behind and with odd names", async () => {
    const longer = await releaseOf({ ...files, "0003_more.sql": "create table more (id int);" });
    await runWaves({ targets: targets.slice(0, 2), release: longer, store: memoryStore(), waves: ["100%"] });
    const before = await db.admin.query("select count(*)::int as n from pg_class");
    // without the right to create a schema there is no reference, and that is said
    const none = await findDrift(targets, longer);
    expect(none).toMatchObject({
      clean: 0,
      groups: [],
      problems: targets.map(() => ({ message: expect.stringMatching(/^WT_MIGRATION_OPTION/) })),
    });
    await mayCreate();
    expect(await findDrift(targets, longer)).toEqual({
      release: longer.id,
      targets: 7,
      clean: 7,
      groups: [],
      problems: [],
    });
    expect(await db.admin.query("select count(*)::int as n from pg_class")).toMatchObject({ rows: before.rows });
    const left = await db.admin.query("select from pg_namespace where nspname like 'watertight_reference%'");
    expect(left.rowCount).toBe(0);
  });

  test("differences are told in words, equal ones together", async () => {
    await mayCreate();
    await db.admin.query(`
      alter table t2.projects add by_hand int; alter table t5.projects add by_hand int;
      drop index t3.by_name; drop policy own on t3.projects;
      grant select on t4.names to public;
      create or replace function t6.shout(text) returns text language sql immutable as 'select lower($1)';`);
    const report = await findDrift(targets, release);
    expect(report).toMatchObject({ clean: 2, problems: [] });
    expect(report.groups[0]).toMatchObject({
      count: 2,
      targets: ["t2", "t5"],
      differences: ["column tenant.projects.by_hand: added"],
    });
    const of = (target: string): readonly string[] =>
      report.groups.find((group) => group.targets.includes(target))!.differences;
    expect(of("t3").toSorted()).toEqual(["index tenant.by_name: removed", "policy own on tenant.projects: removed"]);
    expect(of("t4")).toEqual([expect.stringMatching(/^view tenant\.names: granted SELECT to public/)]);
    expect(of("t6")).toEqual([expect.stringContaining("lower($1)")]);
    // told, not repaired
    expect((await findDrift(targets, release)).groups).toEqual(report.groups);
  });

  test("a pool is compared with an empty database", async () => {
    const empty = await createDatabase(server, { kit: { level: "sealed" } });
    try {
      for (const each of [db, empty])
        await each.admin.query(`grant create on database ${pg.escapeIdentifier(each.name)} to ${db.roles.owner}`);
      const pool = await releaseOf(
        {
          "0001_pool.sql":
            "create schema app;\ncreate table app.projects (tenant_id uuid not null, id int, primary key (tenant_id, id));",
        },
        { defaultScopes: ["pool"] },
      );
      const target = poolTarget(db);
      await runWaves({ targets: [target], release: pool, store: memoryStore() });
      await expect(findDrift([target], pool)).rejects.toMatchObject({ code: "WT_MIGRATION_OPTION" });
      const reference = { connectionString: empty.url(empty.roles.migrator) };
      expect(await findDrift([target], pool, { reference })).toMatchObject({ clean: 1, problems: [] });
      await db.admin.query(
        "alter table app.projects no force row level security; drop policy watertight_all on app.projects",
      );
      expect((await findDrift([target], pool, { reference })).groups).toMatchObject([
        {
          differences: [
            expect.stringContaining("forced was true, is false"),
            "policy watertight_all on app.projects: removed",
          ],
        },
      ]);
      expect((await empty.admin.query("select from pg_namespace where nspname = 'app'")).rowCount).toBe(0);
    } finally {
      await empty.drop();
    }
  });
});
