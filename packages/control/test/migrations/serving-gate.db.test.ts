// The serving gate: an application that declares a range of schema versions serves no tenant outside of it, in the same round trip; the version
// moves in the transaction of the DDL. Without a declaration, and with the gate taken out, the same query is served.
import { applyToTarget, positionOf, type Release, runWaves, memoryStore, type Target } from "@watertight/control";
import { tenantPool } from "@watertight/runtime/pg";
import { countingProxy, createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { releaseOf } from "./support/project.ts";
import { schemaTenants } from "./support/tenants.ts";

const files = {
  "0001_init.sql": "create table projects (id int);",
  "0002_more.sql": "alter table projects add more int;",
};

describeServers((server) => {
  let db: TestDatabase;
  let targets: Target[];
  let release: Release;
  beforeEach(async () => {
    db = await createDatabase(server, { kit: { level: "sealed" } });
    targets = await schemaTenants(db, 2);
    release = await releaseOf(files);
    await runWaves({ targets, release, store: memoryStore(), waves: ["100%"] });
  });
  afterEach(() => db?.drop());

  const application = (range: string | undefined, url: string = db.appUrl) =>
    tenantPool(pg, {
      connectionString: url,
      key: db.key,
      max: 2,
      tenantIdType: "text",
      ...(range === undefined ? {} : { options: `-c watertight.accepts=${range}` }),
    });

  test("serves a tenant inside the range and refuses one outside, both ways", async () => {
    const position = positionOf(release, "0002_more");
    for (const [range, served] of [
      [undefined, true],
      [`[${position},${position}]`, true],
      [`[${position + 1},)`, false],
      [`(,${position - 1}]`, false],
    ] as const) {
      const pool = application(range);
      try {
        const answer = pool.for("t1").query("select 1 as one");
        if (served) expect((await answer).rows).toEqual([{ one: 1 }]);
        else await expect(answer).rejects.toMatchObject({ code: "WT_TENANT_NOT_SERVED", retryable: true });
      } finally {
        await pool.end();
      }
    }
  });

  test("opens as soon as the migration committed, on connections that are open", async () => {
    const longer = await releaseOf({ ...files, "0003_last.sql": "alter table projects add last int;" });
    const pool = application("[3,)");
    try {
      await expect(pool.for("t1").query("select 1")).rejects.toMatchObject({ code: "WT_TENANT_NOT_SERVED" });
      await applyToTarget(targets[0]!, longer);
      expect((await pool.for("t1").query("select 1 as one")).rows).toEqual([{ one: 1 }]);
      // its neighbour is not migrated yet
      await expect(pool.for("t2").query("select 1")).rejects.toMatchObject({ code: "WT_TENANT_NOT_SERVED" });
      // a tenant whose version nobody knows is outside of every range
      await db.admin.query("update watertight.fence set schema_version = null where tenant = 't1'");
      await expect(pool.for("t1").query("select 1")).rejects.toMatchObject({ code: "WT_TENANT_NOT_SERVED" });
    } finally {
      await pool.end();
    }
  });

  test("costs no round trip, and is what refuses", async () => {
    const proxy = await countingProxy(server);
    const pool = application("[1,)", proxy.url(db.appUrl));
    try {
      await pool.for("t1").query("select 1");
      const before = proxy.roundTrips;
      await pool.for("t1").query("select 1");
      expect(proxy.roundTrips - before).toBe(1);
    } finally {
      await pool.end();
      await proxy.stop();
    }
    const refused = application("[9,)");
    try {
      await expect(refused.for("t1").query("select 1")).rejects.toMatchObject({ code: "WT_TENANT_NOT_SERVED" });
      await db.admin.query(
        "alter table watertight.fence alter schema_position drop expression; update watertight.fence set schema_position = 9",
      );
      expect((await refused.for("t1").query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    } finally {
      await refused.end();
    }
  });
});
