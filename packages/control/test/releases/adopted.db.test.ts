// An application's own database joins at the release that its tables are at, and the next release begins there.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigrations } from "@watertight/audit";
import { installKit, protectTable } from "@watertight/schema";
import { describeServers, type TestServer } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Operation } from "../../src/operations/operation.ts";
import { driftOfPlaces } from "../../src/releases/drift-of-places.ts";
import { migratePlaces, planPlaces } from "../../src/releases/migrate-places.ts";
import { addRelease } from "../../src/releases/release-rows.ts";
import { releasedSchemas } from "../../src/releases/released-schema.ts";
import type { ProvisioningSetting } from "../../src/provision/schema-source.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane, provisioner } from "../provision/cells.ts";

const key = `k001:${"A".repeat(43)}`;
const first = "create table notes (tenant_id uuid not null, id int not null, body text, primary key (tenant_id, id));";

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "watertight-adopted-"));
    await mkdir(join(root, "migrations"));
    cell = await cellServer(server.version);
    const source: { of?: ProvisioningSetting["schemaOf"] } = {};
    plane = await controlPlane(server, { schemaOf: (service) => source.of!(service) });
    source.of = releasedSchemas(plane.catalog.pool);
    await plane.addCell(cell, { id: "eu-1" });
    for (const name of ["app", "reader"]) await plane.options.secrets.keep(name, name);
    await plane.options.secrets.keep("key", key);
    await asSuperuser(cell, (admin) => admin.query("create database app"));
    await inApp(async (admin) => {
      await admin.query(`${first} insert into notes values ('00000000-0000-4000-8000-000000000001', 1, 'kept')`);
      await installKit(admin, { key });
      await protectTable(admin, { table: "public.notes" });
      await admin.query(`
        revoke connect, temporary on database app from public;
        grant connect on database app to watertight_app, watertight_readonly, ${provisioner};
        grant watertight_owner, watertight_app, watertight_readonly to ${provisioner};
        alter role watertight_app password 'app';
        alter role watertight_readonly password 'reader'`);
    });
  }, 60_000);
  afterAll(async () => {
    await plane?.close();
    await cell?.stop();
    await rm(root, { recursive: true, force: true });
  });

  const inApp = <T>(fn: Parameters<typeof asSuperuser<T>>[1]): Promise<T> => asSuperuser(cell, fn, "app");
  const release = async (name: string, text: string): Promise<void> => {
    await writeFile(join(root, "migrations", name), text);
    await addRelease(plane.catalog.pool, actor, {
      migrations: await readMigrations(root),
      checkRelease: async () => [],
    });
  };
  const adopt = (more: Record<string, unknown>): Promise<Operation> =>
    plane.run("pool.adopt", {
      cell: "eu-1",
      database: "app",
      rwSecret: "local:app",
      roSecret: "local:reader",
      keySecret: "local:key",
      ...more,
    });
  const places = () => ({ secrets: plane.options.secrets });

  test("a release that nobody made is refused, and nothing of it stays", async () => {
    await release("0001_notes.sql", first);
    expect(await adopt({ release: 2 })).toMatchObject({ state: "failed", error: { code: "WT_CATALOG_NOT_FOUND" } });
    const { rows } = await inApp((admin) => admin.query("select from watertight.release_ledger"));
    expect(rows).toEqual([]);
    for (const wrong of [0, 1.5, "1", -1])
      await expect(adopt({ release: wrong })).rejects.toMatchObject({ code: "WT_CATALOG_INPUT" });
  });

  test("it is at the release that was named, and the next one is brought to it", async () => {
    const adopted = await adopt({ release: 1 });
    expect([adopted.state, adopted.error]).toEqual(["succeeded", null]);
    expect((await planPlaces(plane.catalog.pool, actor, places())).totals).toMatchObject({ current: 1, behind: 0 });
    await release("0002_more.sql", "alter table notes add column more text;");
    const run = await migratePlaces(plane.catalog.pool, actor, places());
    expect(run).toMatchObject({ state: "done", counts: { done: 1, failed: 0 }, behind: [] });
    // its owners are its own, and are no drift; everything else is
    expect(await driftOfPlaces(plane.catalog.pool, actor, places())).toMatchObject({ clean: 1, groups: [] });
    await inApp((admin) => admin.query("alter table notes add column by_hand int"));
    const drift = await driftOfPlaces(plane.catalog.pool, actor, places());
    expect(drift).toMatchObject({ clean: 0, groups: [{ count: 1 }] });
    expect(drift.groups[0]!.differences.join()).toContain("by_hand");
    const { rows } = await inApp((admin) => admin.query("select id, body, more from notes"));
    expect(rows).toEqual([{ id: 1, body: "kept", more: null }]);
  });
});
