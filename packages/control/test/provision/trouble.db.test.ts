/** What goes wrong on a cell: it goes away in the middle, its template is in use, its disk is full, it has its fill, somebody uses the provisioner's role. */
import { execFileSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countingProxy, describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { changeCell, getCell } from "../../src/catalog/cells.ts";
import { resumeOperation, retryOperation } from "../../src/operations/control-operation.ts";
import { provisionerAlarms } from "../../src/provision/provisioner-alarms.ts";
import { timeToActive } from "../../src/provision/time-to-active.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane, provisioner } from "./cells.ts";
import { sampleSource } from "./sample-source.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  /** Called once, when the intrusion test begins. */
  let atSmoke: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server, {
      schemaOf: async () => {
        const { rows } = await plane.catalog.db.admin.query(
          "select 1 from watertight_catalog.operation_step where name = 'smoke' and state = 'running'",
        );
        const hook = atSmoke;
        if (rows.length > 0 && hook !== undefined) {
          atSmoke = undefined;
          await hook();
        }
        return sampleSource();
      },
    });
    await plane.addCell(cell, { id: "eu-1", region: "eu", maxDatabases: 100 });
    await plane.run("template.build", { cell: "eu-1" });
  }, 120_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });
  const database = (n: number, more: Record<string, unknown> = {}) => ({
    model: "database",
    tenant: { id: uuid(n), slug: `db-${n}` },
    ...more,
  });
  const objects = async (): Promise<number> =>
    asSuperuser(cell, async (admin) => {
      const { rows } = await admin.query(
        "select (select count(*)::int from pg_database where datname ~ '^(t_|making_)') + (select count(*)::int from pg_roles where rolname ~ '^t_') as n",
      );
      return rows[0].n;
    });
  const openRecords = async (id: string): Promise<number> =>
    (
      await plane.catalog.db.admin.query(
        "select count(*)::int as n from watertight_catalog.cleanup where operation = $1 and settled_at is null",
        [id],
      )
    ).rows[0].n;

  test(
    "a cell that goes away in the middle: what was begun is known, and taken back when it is there again",
    { timeout: 60_000 },
    async () => {
      const before = await objects();
      const proxy = await countingProxy(cell);
      await plane.addCell(cell, { id: "far" });
      await plane.options.secrets.keep("cell-far", proxy.url(cell.url("postgres", provisioner)));
      atSmoke = () => proxy.stop();
      const operation = await plane.run("tenant.create", database(1, { cell: "far" }));
      expect(operation).toMatchObject({ state: "failed", direction: "back", error: { code: "WT_CELL_UNREACHABLE" } });
      expect(operation.error?.hint).toBeTruthy();
      expect(await openRecords(operation.id)).toBeGreaterThan(0);
      // others go on meanwhile
      expect(await plane.run("tenant.create", database(2, { cell: "eu-1" }))).toMatchObject({ state: "succeeded" });
      await plane.options.secrets.keep("cell-far", cell.url("postgres", provisioner));
      await resumeOperation(plane.catalog.pool, actor, operation.id);
      expect(await plane.resume(operation.id)).toMatchObject({ state: "failed" });
      expect(await openRecords(operation.id)).toBe(0);
      // the other tenant's database and its three roles
      expect(await objects()).toBe(before + 4);
      await retryOperation(plane.catalog.pool, actor, operation.id);
      expect(await plane.resume(operation.id)).toMatchObject({ state: "succeeded" });
      await plane.catalog.db.admin.query("update watertight_catalog.cell set state = 'closed' where id = 'far'");
    },
  );

  test("a template in use: waited for, then it goes on", { timeout: 120_000 }, async () => {
    const held = new pg.Client({ connectionString: cell.url("tmpl_v1") });
    held.on("error", () => {});
    await asSuperuser(cell, (admin) => admin.query("alter database tmpl_v1 allow_connections true"));
    await held.connect();
    await asSuperuser(cell, (admin) => admin.query("alter database tmpl_v1 allow_connections false"));
    const operation = await plane.run("tenant.create", database(3, { cell: "eu-1" }));
    expect(operation).toMatchObject({ state: "failed", error: { code: "WT_CELL_TEMPLATE", step: "database" } });
    expect(await openRecords(operation.id)).toBe(0);
    await held.end();
    await retryOperation(plane.catalog.pool, actor, operation.id);
    expect(await plane.resume(operation.id)).toMatchObject({ state: "succeeded" });
  });

  test("a version without a template says how to get one", async () => {
    await asSuperuser(cell, (admin) => admin.query("alter database tmpl_v1 rename to elsewhere"));
    const operation = await plane.run("tenant.create", database(4, { cell: "eu-1" }));
    await asSuperuser(cell, (admin) => admin.query("alter database elsewhere rename to tmpl_v1"));
    expect(operation).toMatchObject({ state: "failed", error: { code: "WT_CELL_NO_TEMPLATE" } });
  });

  test("somebody else's role of that name is never touched", async () => {
    let name = "";
    const taken = await plane.run("tenant.create", database(5, { cell: "eu-1" }));
    expect(taken.state).toBe("succeeded");
    const { rows } = await plane.catalog.db.admin.query(
      "select l.database from watertight_catalog.placement p join watertight_catalog.location l on l.id = p.location where p.tenant = $1",
      [uuid(5)],
    );
    name = rows[0].database as string;
    await asSuperuser(cell, async (admin) => {
      await admin.query(`comment on role ${name}_rw is 'mine'`);
    });
    await plane.catalog.db.admin.query(
      "update watertight_catalog.operation_step set state = 'running' where operation = $1 and name = 'roles'",
      [taken.id],
    );
    await plane.catalog.db.admin.query(
      "update watertight_catalog.operation set state = 'pending', lease_until = null where id = $1",
      [taken.id],
    );
    expect(await plane.resume(taken.id)).toMatchObject({ state: "failed", error: { code: "WT_CELL_FOREIGN_OBJECT" } });
    await asSuperuser(cell, async (admin) => {
      const { rows: left } = await admin.query("select count(*)::int as n from pg_roles where rolname = $1", [
        `${name}_rw`,
      ]);
      expect(left[0].n).toBe(1);
      await admin.query(`drop role ${name}_rw`);
    });
  });

  test("a full disk: a typed error, nothing half-made, others go on", { timeout: 120_000 }, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "watertight-small-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], { stdio: "ignore" });
    } catch {
      rmSync(folder, { recursive: true });
      return context.skip("a small file system needs the right to mount");
    }
    try {
      chownSync(folder, 65534, 65534);
      // copies go where their template lies
      await asSuperuser(cell, async (admin) => {
        await admin.query(`create tablespace small location '${folder}'`);
        await admin.query("alter database tmpl_v1 set tablespace small");
      });
      const before = await objects();
      let made = 0;
      let last = await plane.run("tenant.create", database(100, { cell: "eu-1" }));
      for (; last.state === "succeeded" && made < 10; made++)
        last = await plane.run("tenant.create", database(101 + made, { cell: "eu-1" }));
      expect(last).toMatchObject({ state: "failed", direction: "back", error: { code: "WT_CELL_DISK_FULL" } });
      expect(last.error?.hint).toMatch(/room/);
      expect(await openRecords(last.id)).toBe(0);
      expect(await objects()).toBe(before + 4 * made);
      // the way on: room, then again
      execFileSync("mount", ["-o", "remount,size=200m", folder]);
      await retryOperation(plane.catalog.pool, actor, last.id);
      expect(await plane.resume(last.id)).toMatchObject({ state: "succeeded" });
    } finally {
      execFileSync("mount", ["-o", "remount,size=200m", folder]);
      await asSuperuser(cell, async (admin) => {
        await admin.query("alter database tmpl_v1 set tablespace pg_default");
        const { rows } = await admin.query(
          "select datname as name from pg_database d join pg_tablespace t on t.oid = d.dattablespace where t.spcname = 'small'",
        );
        for (const { name } of rows) await admin.query(`drop database ${name} with (force)`);
        await admin.query("drop tablespace if exists small");
      });
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    }
  });

  test(
    "80 % of the databases: the next cell of the region, then a refusal that leaves nothing",
    { timeout: 60_000 },
    async () => {
      const { version } = await getCell(plane.catalog.db.admin, "eu-1");
      await changeCell(plane.catalog.pool, actor, "eu-1", version, { maxDatabases: 1 });
      await plane.addCell(cell, { id: "eu-2", region: "eu", maxDatabases: 2 });
      const first = await plane.run("tenant.create", database(200, { region: "eu" }));
      expect(first.state).toBe("succeeded");
      const { rows } = await plane.catalog.db.admin.query(
        "select cell from watertight_catalog.route where tenant = $1",
        [uuid(200)],
      );
      expect(rows).toEqual([{ cell: "eu-2" }]);
      await plane.run("tenant.create", database(201, { region: "eu" }));
      const before = await objects();
      const refused = await plane.run("tenant.create", database(202, { region: "eu" }));
      expect(refused).toMatchObject({ state: "failed", error: { code: "WT_CELL_FULL" } });
      expect(await objects()).toBe(before);
      const { version: now } = await getCell(plane.catalog.db.admin, "eu-1");
      await changeCell(plane.catalog.pool, actor, "eu-1", now, { maxDatabases: 100 });
      await retryOperation(plane.catalog.pool, actor, refused.id);
      expect(await plane.resume(refused.id)).toMatchObject({ state: "succeeded" });
    },
  );

  test(
    "the provisioner's role outside of an operation raises an alarm, once; inside of one it does not",
    { timeout: 60_000 },
    async () => {
      const look = () => provisionerAlarms(plane.catalog.pool, actor, plane.options.secrets, "eu-1");
      let during: unknown;
      atSmoke = async () => {
        during = await look();
      };
      await plane.run("tenant.create", database(300, { cell: "eu-1" }));
      expect(during).toEqual([]);
      const thief = new pg.Client({
        connectionString: cell.url("postgres", provisioner),
        application_name: "watertight op_made_up 1",
      });
      thief.on("error", () => {});
      await thief.connect();
      await thief.query("select 'looks around'");
      expect(await look()).toMatchObject([
        { cell: "eu-1", applicationName: "watertight op_made_up 1", statement: "select 'looks around'" },
      ]);
      await look();
      await thief.end();
      const { rows } = await plane.catalog.db.admin.query(
        `select (select count(*)::int from watertight_catalog.audit_log where action = 'provisioner.outside_operation') as audited,
              (select count(*)::int from watertight_catalog.outbox where type = 'provisioner.outside_operation') as told`,
      );
      expect(rows[0]).toEqual({ audited: 1, told: 1 });
    },
  );

  test("time to active is read from the operations, and alarms above the threshold", async () => {
    const all = await timeToActive(plane.catalog.pool, { model: "database" });
    expect(all.count).toBeGreaterThan(3);
    expect(all.p95Ms).toBeGreaterThan(all.medianMs!);
    expect(all.alarm).toBe(all.p95Ms! > 30_000);
    expect((await timeToActive(plane.catalog.pool, { thresholdMs: 1 })).alarm).toBe(true);
    expect(await timeToActive(plane.catalog.pool, { model: "pool" })).toMatchObject({
      count: 0,
      p95Ms: null,
      alarm: false,
    });
  });

  test("many tenants at once into a pool, all or none", { timeout: 60_000 }, async () => {
    const { output } = await plane.run("pool.create", { name: "many", cell: "eu-1" });
    const tenants = Array.from({ length: 2500 }, (_, n) => ({ id: uuid(10_000 + n), slug: `many-${n}` }));
    expect(
      await plane.run("tenants.register", {
        location: output["location"],
        tenants: [...tenants, { id: "x", slug: "many-0" }],
      }),
    ).toMatchObject({
      state: "failed",
      error: { code: "WT_CATALOG_DUPLICATE" },
    });
    expect(await plane.run("tenants.register", { location: output["location"], tenants })).toMatchObject({
      state: "succeeded",
    });
    const { rows } = await plane.catalog.db.admin.query(
      "select count(*)::int as n from watertight_catalog.route where location = $1 and state = 'active'",
      [output["location"]],
    );
    expect(rows[0].n).toBe(2500);
  });
});
