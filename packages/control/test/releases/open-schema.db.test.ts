// A release for tenants' own schemas that takes row security away, or a floor that is none: the schema is as closed afterwards as a new one is.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigrations } from "@watertight/audit";
import { openContext } from "@watertight/schema";
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProvisioningSetting } from "../../src/provision/schema-source.ts";
import { migratePlaces } from "../../src/releases/migrate-places.ts";
import { addRelease } from "../../src/releases/release-rows.ts";
import { releasedSchemas } from "../../src/releases/released-schema.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane } from "../provision/cells.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

const releases: readonly [name: string, sql: string, table: string][] = [
  ["nothing that concerns it", "alter table projects add column note text", "projects"],
  ["row security switched off", "alter table projects disable row level security", "projects"],
  [
    "a floor that lets everything through",
    "alter policy watertight_schema_floor on projects using (true); alter policy watertight_schema_rows on projects using (true)",
    "projects",
  ],
  [
    "a new table that brings a policy of the floor's name",
    "create table notes (body text); create policy watertight_schema_floor on notes using (true); insert into notes values ('secret')",
    "notes",
  ],
];

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let root: string;
  let route: Record<string, string>;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "watertight-open-schema-"));
    await mkdir(join(root, "migrations"));
    cell = await cellServer(server.version);
    const source: { of?: ProvisioningSetting["schemaOf"] } = {};
    plane = await controlPlane(server, { schemaOf: (service) => source.of!(service) });
    source.of = releasedSchemas(plane.catalog.pool);
    await plane.addCell(cell, { id: "eu-1" });
    await release(
      "0001_init",
      "create table projects (tenant_id uuid not null, id int not null, name text not null, primary key (tenant_id, id))",
    );
    for (const [kind, input] of [
      ["template.build", { cell: "eu-1" }],
      ["pool.create", { name: "shared" }],
      ["tenant.create", { model: "pool", tenant: { id: uuid(1), slug: "acme" } }],
      ["tenant.create", { model: "schema", tenant: { id: uuid(2), slug: "globex" } }],
    ] as const) {
      const operation = await plane.run(kind, input);
      if (operation.state !== "succeeded") throw new Error(`${kind}: ${JSON.stringify(operation.error)}`);
    }
    const { rows } = await plane.catalog.db.admin.query(
      "select database, schema, rw_role, rw_secret, key_secret from watertight_catalog.route where model = 'schema'",
    );
    route = rows[0] as Record<string, string>;
    await inPlace((admin) =>
      admin.query(`insert into "${route["schema"]}".projects values ('${uuid(2)}', 1, 'secret')`),
    );
  }, 120_000);
  afterAll(async () => {
    await plane?.close();
    await cell?.stop();
    await rm(root, { recursive: true, force: true });
  });

  const inPlace = <T>(fn: (admin: pg.Client) => Promise<T>): Promise<T> => asSuperuser(cell, fn, route["database"]);
  const release = async (name: string, text: string): Promise<void> => {
    await writeFile(join(root, "migrations", `${name}.sql`), text);
    await addRelease(plane.catalog.pool, actor, {
      migrations: await readMigrations(root),
      checkRelease: async () => [],
    });
  };
  /** What a tenant reads in the schema, with the login that both have. */
  const readBy = async (tenant: string, table: string): Promise<number> => {
    const { secrets } = plane.options;
    const app = new pg.Client({
      host: "127.0.0.1",
      port: cell.port,
      database: route["database"]!,
      user: route["rw_role"]!,
      password: await secrets.read(route["rw_secret"]!),
    });
    await app.connect();
    try {
      await app.query("begin");
      await openContext(app, tenant, "sealed", await secrets.read(route["key_secret"]!));
      return (await app.query(`select from "${route["schema"]}".${table}`)).rows.length;
    } finally {
      await app.end();
    }
  };

  test.each(releases.map(([name, sql, table], n) => ({ name, sql, table, n })))(
    "$name",
    { timeout: 60_000 },
    async ({ sql, table, n }) => {
      const floors = async (): Promise<unknown> =>
        (
          await inPlace((admin) =>
            admin.query(
              "select oid from pg_policy where polname = 'watertight_schema_floor' and polrelid = $1::regclass",
              [`"${route["schema"]}".projects`],
            ),
          )
        ).rows;
      const before = await floors();
      await release(`000${n + 2}_more`, `-- watertight: scope=tenant\n${sql};`);
      const run = await migratePlaces(plane.catalog.pool, actor, { secrets: plane.options.secrets });
      expect(run).toMatchObject({ state: "done", behind: [] });
      expect([await readBy(uuid(2), table), await readBy(uuid(1), table)]).toEqual([1, 0]);
      // what is as it should be is not made again: that would lock every table in every release
      if (!sql.includes("projects using")) expect(await floors()).toEqual(before);
    },
  );
});
