// The store in the catalog database does what the one in memory does, a run goes on in another process's hands, and the copy is rebuilt from the
// targets.
import {
  applyRelease,
  memoryStore,
  postgresStore,
  rebuildMirror,
  type Run,
  runWaves,
  type Target,
  type WaveStore,
} from "@watertight/control";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { type CatalogDatabase, catalogDatabase } from "../../catalog-database.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { releaseOf } from "../support/project.ts";
import { schemaTenants } from "../support/tenants.ts";

const clean = () => Promise.resolve([]);

describeServers((server) => {
  let catalog: CatalogDatabase;
  let db: TestDatabase;
  let targets: Target[];
  beforeEach(async () => {
    catalog = await catalogDatabase(server);
    db = await createDatabase(server, { kit: { level: "sealed" } });
    targets = await schemaTenants(db, 12);
  });
  afterEach(async () => {
    await db?.drop();
    await catalog?.close();
  });

  const stores: [string, () => WaveStore][] = [
    ["memory", memoryStore],
    ["PostgreSQL", () => postgresStore(catalog.pool)],
  ];

  describe.each(stores)("a store in %s", (_, make) => {
    test("remembers runs, targets, files and durations", async () => {
      const store = make();
      const target = { wave: 1, state: "pending", failure: null, reason: null, durationMs: null } as const;
      const run: Run = {
        id: "6b0c1f62-1f0e-4a83-8f1d-0a4a1c0f2a11",
        release: "r",
        state: "running",
        reason: null,
        targets: [
          { ...target, target: "b's" },
          { ...target, target: "a", wave: 2 },
        ],
      };
      await store.create(run);
      expect(await store.load(run.id)).toEqual(run);
      expect(await store.unfinished()).toBe(run.id);
      const failure = { code: "WT_MIGRATION_FAILED", sqlstate: "42701", message: "no 'x'", file: "f.sql", line: 3 };
      const failed = { ...run.targets[0]!, state: "failed", failure, durationMs: 1.5 } as const;
      await store.record(run.id, [failed]);
      await store.setState(run.id, "incomplete", "because");
      expect(await store.load(run.id)).toEqual({
        ...run,
        state: "incomplete",
        reason: "because",
        targets: [failed, run.targets[1]],
      });
      expect(await store.unfinished()).toBeUndefined();
      expect(await store.load("nothing")).toBeUndefined();
      const file = { name: "0001", position: 1, file: "m/0001.sql", checksum: "aa" };
      await store.addReleased([file]);
      await store.addReleased([file]);
      expect(await store.released()).toEqual([file]);
      await expect(store.addReleased([{ ...file, checksum: "bb" }])).rejects.toMatchObject({
        code: "WT_MIGRATION_EDITED",
        facts: { file: "m/0001.sql", released: "aa", found: "bb" },
      });
      const applied = [{ name: "0001", position: 1, durationMs: 4 }];
      await store.mirror([
        { target: "a", version: "1-x", applied },
        { target: "b", version: "1-x", applied },
      ]);
      expect(await store.durations()).toEqual(new Map([["0001", 4]]));
    });

    test("a run that paused goes on, files that were edited do not", async () => {
      const store = make();
      const files = { "0001_init.sql": "create table projects (id int);" };
      const release = await releaseOf(files);
      await db.admin.query("create table t7.projects (id int)");
      const paused = await applyRelease({
        targets,
        release,
        store,
        checkRelease: clean,
        waves: ["50%", "100%"],
        concurrency: 1,
      });
      expect(paused).toMatchObject({ state: "paused", counts: { done: 6, failed: 1, pending: 5 } });
      await db.admin.query("drop table t7.projects");
      await runWaves({ targets, release, store, resume: (await store.unfinished())! });
      expect(await runWaves({ targets, release, store, resume: paused.run!, only: "failed" })).toMatchObject({
        state: "done",
      });
      const edited = await releaseOf({ "0001_init.sql": `${files["0001_init.sql"]}\n-- more` });
      await expect(applyRelease({ targets, release: edited, store, checkRelease: clean })).rejects.toMatchObject({
        code: "WT_MIGRATION_EDITED",
      });
      const early = await releaseOf({ ...files, "0000_early.sql": "select 1;" });
      await expect(applyRelease({ targets, release: early, store, checkRelease: clean })).rejects.toMatchObject({
        code: "WT_MIGRATION_ORDER",
      });
      const gone = await releaseOf({ "0002_other.sql": "create table other (id int);" });
      await expect(applyRelease({ targets, release: gone, store, checkRelease: clean })).rejects.toMatchObject({
        code: "WT_MIGRATION_MISSING",
      });
      await expect(runWaves({ targets, release: gone, store, resume: paused.run! })).rejects.toMatchObject({
        code: "WT_MIGRATION_RUN",
      });
    });
  });

  test("released files cannot be changed in the catalog by hand", async () => {
    const store = postgresStore(catalog.pool);
    await store.addReleased([{ name: "0001", position: 1, file: "f", checksum: "aa" }]);
    for (const change of [
      "update watertight_catalog.migration_file set checksum = 'bb'",
      "delete from watertight_catalog.migration_file",
    ])
      await expect(catalog.db.admin.query(change)).rejects.toMatchObject({ code: "23000" });
  });

  test("a lost copy is rebuilt from the targets' ledgers", async () => {
    const store = postgresStore(catalog.pool);
    const release = await releaseOf({
      "0001_init.sql": "create table projects (id int);",
      "0002_more.sql": "create table more (id int);",
    });
    await runWaves({ targets, release, store, waves: ["100%"] });
    const copy = async (): Promise<unknown[]> =>
      (
        await catalog.db.admin.query(
          "select target, name, position, version from watertight_catalog.migration_mirror join watertight_catalog.migration_version using (target) order by 1, 2",
        )
      ).rows;
    const before = await copy();
    expect(before).toHaveLength(24);
    await catalog.db.admin.query("truncate watertight_catalog.migration_mirror, watertight_catalog.migration_version");
    expect(await rebuildMirror(targets, release, store)).toEqual({ targets: 12, problems: [] });
    expect(await copy()).toEqual(before);
  });
});
