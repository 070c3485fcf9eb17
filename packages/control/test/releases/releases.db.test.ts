// Released files are what places are made of and brought to: tenants of every model on a real cell, before and after a release, are alike by findDrift.
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigrations } from "@watertight/audit";
import { openContext } from "@watertight/schema";
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cellUrl } from "../../src/cells/cell-url.ts";
import { makeRelease } from "../../src/migrations/release/release.ts";
import { retryOperation } from "../../src/operations/control-operation.ts";
import { provisionerAlarms } from "../../src/provision/provisioner-alarms.ts";
import { driftOfPlaces } from "../../src/releases/drift-of-places.ts";
import { migratePlaces, planPlaces } from "../../src/releases/migrate-places.ts";
import { addRelease, listReleases } from "../../src/releases/release-rows.ts";
import { releasedSchemas, sourceOf } from "../../src/releases/released-schema.ts";
import type { ProvisioningSetting } from "../../src/provision/schema-source.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane, provisioner } from "../provision/cells.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const first = `create table projects (tenant_id uuid not null, id int not null, name text not null, primary key (tenant_id, id));
create table tasks (tenant_id uuid not null, id int generated always as identity, project int not null, title text not null,
  primary key (tenant_id, id), foreign key (tenant_id, project) references projects (tenant_id, id));
create index concurrently tasks_title on tasks (tenant_id, title);
create table plans (id int primary key, name text not null);`;
const second = `alter table projects add column note text;
update projects set note = 'from before';
alter table projects alter column note set not null;
create table labels (tenant_id uuid not null, id int not null, name text, primary key (tenant_id, id));
create view open_tasks with (security_invoker = true) as select id, title from tasks;`;
const clean = async () => [];

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let root: string;
  let schemaOf: ProvisioningSetting["schemaOf"];
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "watertight-released-"));
    await mkdir(join(root, "migrations"));
    cell = await cellServer(server.version);
    plane = await controlPlane(server, { schemaOf: (service) => schemaOf(service) });
    schemaOf = releasedSchemas(plane.catalog.pool);
    await plane.addCell(cell, { id: "eu-1" });
  }, 120_000);
  afterAll(async () => {
    await plane?.close();
    await cell?.stop();
    await rm(root, { recursive: true, force: true });
  });

  const write = (name: string, text: string): Promise<void> => writeFile(join(root, "migrations", name), text);
  const release = async (checkRelease: Parameters<typeof addRelease>[2]["checkRelease"] = clean, dryRun = false) =>
    addRelease(plane.catalog.pool, actor, { migrations: await readMigrations(root), checkRelease, dryRun });
  const done = async (kind: string, input: Record<string, unknown>): Promise<void> => {
    const operation = await plane.run(kind, input);
    expect([kind, operation.state, operation.error]).toEqual([kind, "succeeded", null]);
  };
  const create = (model: string, n: number): Promise<void> =>
    done("tenant.create", { model, tenant: { id: uuid(n), slug: `${model}-${n}` } });
  const places = () => ({ secrets: plane.options.secrets });
  const catalog = async (text: string) => (await plane.catalog.db.admin.query(text)).rows as Record<string, string>[];

  test("without a release nothing is made, and what was refused is not released", async () => {
    const none = await plane.run("template.build", { cell: "eu-1" });
    expect([none.state, none.error?.code]).toEqual(["failed", "WT_CATALOG_NOT_FOUND"]);
    await write("0001_init.sql", first);
    const finding = {
      id: "A1-projects",
      severity: "critical",
      target: "projects",
      message: "",
      file: null,
      line: null,
    };
    await expect(release(async () => [finding])).rejects.toMatchObject({ code: "WT_MIGRATION_LEAK" });
    expect(await release(clean, true)).toMatchObject({ version: 1, added: ["0001_init"] });
    expect(await listReleases(plane.catalog.pool)).toEqual([]);
  });

  test(
    "places of a release, brought to the next one, and places made at that: all the same",
    { timeout: 180_000 },
    async () => {
      expect(await release()).toMatchObject({ version: 1, added: ["0001_init"] });
      expect(await release()).toMatchObject({ version: 1, added: [] });
      await done("template.build", { cell: "eu-1" });
      await done("pool.create", { name: "shared" });
      await done("silo.create", { name: "group" });
      await create("pool", 1);
      await create("schema", 2);
      await create("database", 3);
      const before = await planPlaces(plane.catalog.pool, actor, places());
      // places are at their release without a migration ever having run there
      expect(before.totals).toMatchObject({ targets: 4, current: 4, behind: 0, problems: 0 });
      expect(await catalog("select distinct schema_version from watertight_catalog.placement")).toEqual([
        { schema_version: 1 },
      ]);

      const [route] = await catalog("select database, schema from watertight_catalog.route where model = 'schema'");
      await asSuperuser(
        cell,
        (admin) => admin.query(`insert into "${route!["schema"]}".projects values ('${uuid(2)}', 1, 'old')`),
        route!["database"],
      );
      await write("0002_more.sql", second);
      expect(await release()).toMatchObject({ version: 2, added: ["0002_more"] });
      expect((await planPlaces(plane.catalog.pool, actor, places())).totals).toMatchObject({ behind: 4 });
      const run = await migratePlaces(plane.catalog.pool, actor, { ...places(), waves: ["50%", "100%"] });
      expect(run).toMatchObject({ state: "done", counts: { done: 4, failed: 0 }, behind: [], minimum: 2, groups: [] });
      expect(run.unprotected).toEqual([]);
      expect(await catalog("select distinct schema_version from watertight_catalog.placement")).toEqual([
        { schema_version: 2 },
      ]);
      // a migrator that row security binds sees the rows of a tenant's schema all the same
      const rows = await asSuperuser(
        cell,
        (admin) => admin.query(`select note from "${route!["schema"]}".projects`),
        route!["database"],
      );
      expect(rows.rows).toEqual([{ note: "from before" }]);

      await done("template.build", { cell: "eu-1" });
      await create("pool", 4);
      await create("schema", 5);
      await create("database", 6);
      expect(await migratePlaces(plane.catalog.pool, actor, places())).toMatchObject({
        run: null,
        behind: [],
        minimum: 2,
      });
      const drift = await driftOfPlaces(plane.catalog.pool, actor, places());
      expect(drift).toMatchObject({ targets: 6, clean: 6, groups: [], problems: [] });
      const left = await asSuperuser(cell, (admin) =>
        admin.query("select datname from pg_database where datname like 'watertight_reference%'"),
      );
      expect(left.rows).toEqual([]);
    },
  );

  test("a creation that a release overtakes is brought there, or made anew", { timeout: 60_000 }, async () => {
    const newest = schemaOf;
    const [one] = (await readMigrations(root)).slice(0, 1);
    const older = sourceOf(makeRelease([one!]));
    // the release comes after the place was reserved and made
    const overtaken = (steps: number) => {
      let left = steps;
      schemaOf = (service) => (left-- > 0 ? Promise.resolve(older) : newest(service));
    };
    overtaken(2);
    await create("schema", 7);
    // what the release makes can't be closed in a copy of the older template
    overtaken(1);
    const late = await plane.run("tenant.create", { model: "database", tenant: { id: uuid(8), slug: "database-8" } });
    expect([late.state, late.error?.code]).toEqual(["failed", "WT_CATALOG_STATE"]);
    // everything that it made is gone, though its last step had begun
    const objects = await asSuperuser(cell, (admin) =>
      admin.query(
        "select datname from pg_database where datname like 't_database_8_%' union all select rolname from pg_roles where rolname like 't_database_8_%'",
      ),
    );
    expect(objects.rows).toEqual([]);
    await retryOperation(plane.catalog.pool, actor, late.id);
    const again = await plane.resume(late.id);
    expect([again.state, again.error]).toEqual(["succeeded", null]);
    schemaOf = newest;
    expect(await driftOfPlaces(plane.catalog.pool, actor, places())).toMatchObject({
      targets: 8,
      clean: 8,
      groups: [],
    });
    expect(
      await catalog("select distinct schema_version from watertight_catalog.placement where state = 'active'"),
    ).toEqual([{ schema_version: 2 }]);
  });

  test("a table that a release made in a tenant's schema is closed to the neighbour; without its row security it is not", async () => {
    const [route] = await catalog("select * from watertight_catalog.route where tenant like '%2'");
    const { database, schema, rw_role: role, rw_secret: secret, key_secret: key } = route as Record<string, string>;
    const sql = (text: string) => asSuperuser(cell, (admin) => admin.query(text), database);
    await sql(`insert into "${schema}".labels values ('${uuid(2)}', 1, 'mine')`);
    const { secrets } = plane.options;
    const client = new pg.Client({
      connectionString: cellUrl(cell.url("postgres"), database, { role: role!, password: await secrets.read(secret!) }),
    });
    await client.connect();
    const seen = async (tenant: number): Promise<number> => {
      await client.query("begin");
      await openContext(client, uuid(tenant), "sealed", await secrets.read(key!));
      const { rows } = await client.query(`select 1 from "${schema}".labels`);
      await client.query("rollback");
      return rows.length;
    };
    try {
      expect([await seen(2), await seen(5)]).toEqual([1, 0]);
      await sql(`alter table "${schema}".labels disable row level security`);
      expect([await seen(2), await seen(5)]).toEqual([1, 1]);
    } finally {
      await client.end();
      await sql(`alter table "${schema}".labels enable row level security`);
    }
  });

  test("a change by hand in a tenant's schema is drift", async () => {
    const [route] = await catalog("select database, schema from watertight_catalog.route where tenant like '%2'");
    const sql = (text: string) => asSuperuser(cell, (admin) => admin.query(text), route!["database"]);
    await sql(`drop policy watertight_schema_floor on "${route!["schema"]}".labels`);
    const drift = await driftOfPlaces(plane.catalog.pool, actor, places());
    expect(drift).toMatchObject({ clean: 7, groups: [{ count: 1, targets: ["schema-2"] }] });
    expect(drift.groups[0]!.differences.join()).toContain("watertight_schema_floor");
  });

  test("a file that changed after its release is refused, in the project and in the catalog", async () => {
    await write("0002_more.sql", `${second}\n-- edited`);
    await expect(release()).rejects.toMatchObject({ code: "WT_MIGRATION_EDITED" });
    await write("0002_more.sql", second);
    const { admin } = plane.catalog.db;
    await expect(admin.query("update watertight_catalog.release set name = 'x'")).rejects.toMatchObject({
      code: "23000",
    });
    await expect(plane.catalog.pool.query("delete from watertight_catalog.release")).rejects.toMatchObject({
      code: "42501",
    });
    // somebody who turns the trigger off is told by the checksums
    await admin.query(`alter table watertight_catalog.release disable trigger keep;
      update watertight_catalog.release set files = replace(files::text, 'from before', 'by me')::jsonb where version = 2`);
    await expect(planPlaces(plane.catalog.pool, actor, places())).rejects.toMatchObject({
      code: "WT_MIGRATION_EDITED",
    });
    await admin.query(`update watertight_catalog.release set files = replace(files::text, 'by me', 'from before')::jsonb where version = 2;
      alter table watertight_catalog.release enable trigger keep`);
  });

  test("sessions of a migration explain themselves, one that only says so does not", async () => {
    await write("0003_more.sql", "alter table plans add column more text;");
    await release();
    const look = () => provisionerAlarms(plane.catalog.pool, actor, plane.options.secrets, "eu-1");
    let during: ReturnType<typeof look> | undefined;
    await migratePlaces(plane.catalog.pool, actor, {
      ...places(),
      pauseOn: { denied: 0 },
      onEvent: ({ event }) => {
        if (event === "wave") during = look();
      },
    });
    expect(await during).toEqual([]);
    expect(
      await catalog(
        "select purpose, ended_at is not null as ended from watertight_catalog.migration_session order by began_at desc limit 1",
      ),
    ).toEqual([{ purpose: "apply", ended: true }]);
    const [ended] = await catalog("select id from watertight_catalog.migration_session order by began_at desc limit 1");
    const name = `watertight migrations ${String(ended!["id"])}`;
    const outsider = new pg.Client({ connectionString: cell.url("postgres", provisioner), application_name: name });
    await outsider.connect();
    try {
      expect(await look()).toMatchObject([{ cell: "eu-1", applicationName: name }]);
    } finally {
      await outsider.end();
    }
  });
});
