/** What decides who may do what in a copy and is not in a table's own rows: each alteration is seen by the fingerprint, or by what is asked of the copy itself. */
import { installKit, protectTable } from "@watertight/schema";
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { differingAspects, readFingerprint } from "../../src/provision/smoke/fingerprint.ts";
import { wrongRights } from "../../src/provision/smoke/place-rights.ts";
import { classRoles } from "../../src/cells/class-roles.ts";
import { templateFingerprint } from "../../src/provision/smoke/template-records.ts";
import { asSuperuser, cellServer, controlPlane, provisioner } from "./cells.ts";

/** Done by an administrator after the template was attacked; `undo` so that the next one begins from the same. */
const alterations: readonly [name: string, sql: string, undo: string][] = [
  [
    "another table behind a foreign table",
    "alter foreign table far options (set table_name 'other')",
    "alter foreign table far options (set table_name 'here')",
  ],
  [
    "whose login a foreign server is asked with",
    "create user mapping for public server there options (user 'admin')",
    "drop user mapping for public server there",
  ],
  [
    "where a wrapper's handler is",
    "alter foreign data wrapper ours options (add debug 'true')",
    "alter foreign data wrapper ours options (drop debug)",
  ],
  ["a table that is published", "alter publication told add table notes", "alter publication told drop table notes"],
  [
    "a schema that is published",
    "alter publication told add tables in schema shown",
    "alter publication told drop tables in schema shown",
  ],
  [
    "rows that come from elsewhere",
    "create subscription taken connection 'dbname=postgres' publication told with (connect = false)",
    "alter subscription taken set (slot_name = none); drop subscription taken",
  ],
  [
    "a function of the server's own that is trusted before row security",
    "alter function pg_catalog.textlike(text, text) leakproof",
    "alter function pg_catalog.textlike(text, text) not leakproof",
  ],
  [
    "a setting that was for administrators",
    "grant set on parameter session_replication_role to watertight_app",
    "revoke set on parameter session_replication_role from watertight_app",
  ],
  [
    "an index that calls another function",
    "create index named on notes (tenant_id, pg_catalog.lower(body))",
    "drop index named",
  ],
];

describeServers((server) => {
  let cell: TestServer;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    await asSuperuser(cell, (admin) => admin.query("create database app"));
    await inApp(async (admin) => {
      await admin.query(`
        create schema shown;
        create table notes (tenant_id uuid not null, body text);
        create foreign data wrapper ours; create server there foreign data wrapper ours;
        create foreign table far (tenant_id uuid, body text) server there options (table_name 'here');
        create publication told`);
      await installKit(admin, { key: `k001:${"A".repeat(43)}` });
      await protectTable(admin, { table: "public.notes" });
    });
  }, 60_000);
  afterAll(() => cell.stop());
  const inApp = <T>(fn: (admin: pg.Client) => Promise<T>): Promise<T> => asSuperuser(cell, fn, "app");

  test.each(alterations)("%s", async (_, sql, undo) => {
    await inApp(async (admin) => {
      const before = await readFingerprint(admin);
      await admin.query("set client_min_messages = error");
      for (const statement of sql.split(";")) await admin.query(statement);
      const after = await readFingerprint(admin);
      for (const statement of undo.split(";")) await admin.query(statement);
      expect(differingAspects(before, after)).not.toEqual([]);
      expect(differingAspects(before, await readFingerprint(admin))).toEqual([]);
    });
  });

  test(
    "a copy is its template for the provisioner as well; rights that only the server knows are its own",
    { timeout: 60_000 },
    async () => {
      const plane = await controlPlane(server);
      try {
        await plane.addCell(cell, { id: "eu-1" });
        expect(await plane.run("template.build", { cell: "eu-1" })).toMatchObject({ state: "succeeded" });
        const made = await plane.run("tenant.create", {
          model: "database",
          tenant: { id: "00000000-0000-4000-8000-000000000001", slug: "acme" },
        });
        expect([made.state, made.error]).toEqual(["succeeded", null]);
        expect(made.output["smoke"]).toMatchObject({ compared: true });
        const { rows } = await plane.catalog.db.admin.query(
          "select database, rw_role from watertight_catalog.location where model = 'database'",
        );
        const { database, rw_role: rw } = rows[0] as { database: string; rw_role: string };
        const kept = await templateFingerprint(plane.catalog.db.admin, "eu-1", "tmpl_v1");
        const inCopy = async (): Promise<{ wrong: string[]; differs: string[] }> => {
          const session = new pg.Client({ connectionString: cell.url(database, provisioner) });
          await session.connect();
          try {
            return {
              wrong: await wrongRights(session, database, classRoles(), "tmpl_v1"),
              differs: differingAspects(kept!, await readFingerprint(session)),
            };
          } finally {
            await session.end();
          }
        };
        expect(await inCopy()).toEqual({ wrong: [], differs: [] });
        const ways: readonly [sql: string, undo: string, said: RegExp][] = [
          [
            `alter database ${database} is_template true`,
            `alter database ${database} is_template false`,
            /may copy the database/,
          ],
          [
            `grant set on parameter session_replication_role to ${rw}`,
            `revoke set on parameter session_replication_role from ${rw}`,
            /has SET on parameter session_replication_role/,
          ],
        ];
        for (const [sql, undo, said] of ways) {
          await asSuperuser(cell, (admin) => admin.query(sql));
          expect((await inCopy()).wrong.join()).toMatch(said);
          await asSuperuser(cell, (admin) => admin.query(undo));
        }
        expect(await inCopy()).toEqual({ wrong: [], differs: [] });
      } finally {
        await plane.close();
      }
    },
  );
});
