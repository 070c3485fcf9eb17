// Waves over many schema tenants: canaries first, pauses with their reasons, failures in groups, resume, only failed, skip. Nothing half-made.
import {
  findDrift,
  makeRelease,
  memoryStore,
  planMigrations,
  planText,
  type Release,
  runWaves,
  skipTargets,
  type Target,
  type WaveEvent,
  type WaveStore,
} from "@watertight/control";
import { createDatabase, describeServers, sized, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { releaseOf } from "../support/project.ts";
import { schemaTenants } from "../support/tenants.ts";

const count = sized(1000, 120);
const broken = sized(437, 53);
const base = "create table projects (id int primary key, name text);";

describeServers((server) => {
  let db: TestDatabase;
  let targets: Target[];
  let release: Release;
  let store: WaveStore;
  const files: Record<string, string> = { "0001_init.sql": base };
  let step = 1;

  beforeAll(async () => {
    db = await createDatabase(server, { kit: { level: "sealed" } });
    targets = await schemaTenants(db, count);
    await runWaves({ targets, release: await releaseOf(files), store: memoryStore(), waves: ["100%"] });
  }, 180_000);
  afterAll(() => db?.drop());
  beforeEach(async () => {
    store = memoryStore();
    step += 1;
    files[`000${step}_add.sql`] = `alter table projects add c${step} int;`;
    release = await releaseOf(files);
  });

  const withColumn = async (): Promise<number> =>
    (
      await db.admin.query<{ n: number }>(
        "select count(*)::int as n from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attname = $1 and c.relname = 'projects'",
        [`c${step}`],
      )
    ).rows[0]!.n;
  const inLedger = async (): Promise<number> => {
    const { rows } = await db.admin.query<{ n: number }>(
      "select count(*)::int as n from watertight.fence where schema_version like $1",
      [`${release.files.length}-%`],
    );
    return rows[0]!.n;
  };

  test(
    `an error at tenant ${broken} pauses the wave, is grouped, and the run goes on after the repair`,
    { timeout: 180_000 },
    async () => {
      await db.admin.query(`alter table t${broken}.projects add c${step} int`);
      const events: WaveEvent[] = [];
      const paused = await runWaves({ targets, release, store, onEvent: (event) => void events.push(event) });
      expect(paused).toMatchObject({ state: "paused", counts: { failed: 1 } });
      expect(paused.reason).toMatch(/^error: /);
      expect(paused.counts.pending).toBeGreaterThan(0);
      expect(paused.groups).toEqual([
        {
          code: "WT_MIGRATION_FAILED",
          sqlstate: "42701",
          message: `column "c${step}" of relation "projects" already exists`,
          file: `migrations/000${step}_add.sql`,
          line: 1,
          count: 1,
          targets: [`t${broken}`],
        },
      ]);
      expect(await inLedger()).toBe(paused.counts.done);
      expect(await withColumn()).toBe(paused.counts.done + 1);
      expect(events.filter(({ event }) => event === "wave").length).toBeGreaterThan(1);
      expect(JSON.parse(JSON.stringify(events))).toEqual(events);

      const rest = await runWaves({ targets, release, store, resume: paused.run! });
      expect(rest).toMatchObject({ state: "incomplete", counts: { failed: 1, pending: 0, done: count - 1 } });
      await db.admin.query(`alter table t${broken}.projects drop c${step}`);
      const repaired = await runWaves({ targets, release, store, resume: paused.run!, only: "failed" });
      expect(repaired).toMatchObject({ state: "done", counts: { failed: 0, done: count } });
      expect(await inLedger()).toBe(count);
      const again = await runWaves({ targets, release, store });
      expect(again).toMatchObject({ run: null, state: "done", counts: { current: count } });
    },
  );

  test("5 % failing tenants pause at 2 % and pass at 10 %; a skipped one keeps its reason", async () => {
    const some = targets.slice(0, 40);
    await db.admin.query(`alter table t11.projects add c${step} int; alter table t31.projects add c${step} int`);
    const strict = await runWaves({ targets: some, release, store, waves: ["10%", "100%"], pauseOn: { error: 0.02 } });
    expect(strict.state).toBe("paused");
    const lax = await runWaves({ targets: some, release, store, resume: strict.run!, pauseOn: { error: 0.1 } });
    expect(lax).toMatchObject({
      state: "incomplete",
      counts: { failed: 2, done: 38 },
      groups: [{ count: 2, targets: ["t11", "t31"] }],
    });
    await skipTargets(store, lax.run!, ["t11"], "by hand, ticket 1");
    await expect(skipTargets(store, lax.run!, ["t31"], " ")).rejects.toMatchObject({ code: "WT_MIGRATION_OPTION" });
    await expect(skipTargets(store, lax.run!, ["t12"], "x")).rejects.toMatchObject({ code: "WT_MIGRATION_RUN" });
    await db.admin.query(`alter table t31.projects drop c${step}; alter table t11.projects drop c${step}`);
    const done = await runWaves({ targets: some, release, store, resume: lax.run!, only: "failed" });
    expect(done).toMatchObject({ state: "done", counts: { skipped: 1, done: 39 } });
    expect((await store.load(lax.run!))!.targets.find(({ target }) => target === "t11")).toMatchObject({
      reason: "by hand, ticket 1",
    });
    // the skipped one is behind, and the next run finds it
    expect(await runWaves({ targets, release, store, waves: ["100%"] })).toMatchObject({
      counts: { done: count - 39 },
    });
  });

  test("canaries go first; waves that end early leave the rest for a resume", async () => {
    const order: string[] = [];
    const first = await runWaves({
      targets,
      release,
      store,
      waves: ["2%"],
      canaries: [`t${count}`],
      concurrency: 1,
      onEvent: (event) => void (event.event === "target" && order.push(event.target)),
    });
    expect(order).toEqual([`t${count}`, ...targets.slice(0, Math.ceil(count * 0.02) - 1).map(({ id }) => id)]);
    expect(first).toMatchObject({ state: "paused", counts: { done: order.length, pending: count - order.length } });
    expect(await runWaves({ targets, release, store, resume: first.run! })).toMatchObject({
      state: "done",
      counts: { done: count },
    });
  });

  test("denied events and slowness pause", async () => {
    const some = targets.slice(0, 60);
    const denied = await runWaves({
      targets: some,
      release,
      store,
      waves: ["10%", "100%"],
      pauseOn: { denied: { count: (since) => (since.getTime() <= Date.now() ? 3 : 0) } },
    });
    expect(denied).toMatchObject({ state: "paused", counts: { done: 6 } });
    expect(denied.reason).toMatch(/^denied: 3/);
    // measured elsewhere: a thousandth of a millisecond; so everything is slow
    const durations = Array.from({ length: 20 }, () => ({ name: `000${step}_add`, position: step, durationMs: 0.001 }));
    await store.mirror([{ target: "x", version: "1", applied: durations }]);
    const slow = await runWaves({ targets: some, release, store, resume: denied.run!, pauseOn: { slow: 3 } });
    expect(slow.state).toBe("paused");
    expect(slow.reason).toMatch(/^slow: /);
    expect(slow.counts.done).toBeLessThan(60);
  });

  test("a busy tenant goes to the end of its wave, and the others do not wait for it", async () => {
    const some = targets.slice(0, 10);
    const reader = new pg.Client({ connectionString: db.adminUrl });
    await reader.connect();
    try {
      await reader.query("begin; select from t1.projects");
      const order: string[] = [];
      const result = await runWaves({
        targets: some,
        release,
        store,
        waves: ["100%"],
        concurrency: 1,
        apply: { budgetMs: 100 },
        onEvent: (event) => {
          if (event.event !== "target") return;
          order.push(event.target);
          // the reader leaves after the last of the others
          if (order.length === 9) void reader.query("commit");
        },
      });
      expect(order).toEqual([...some.slice(1).map(({ id }) => id), "t1"]);
      expect(result.state).toBe("done");
      const alone = await runWaves({ targets: some, release, store });
      expect(alone.run).toBeNull();
    } finally {
      await reader.end();
    }
  });

  test("a signal stops it; what is under way comes to its end", async () => {
    const stop = new AbortController();
    const stopped = await runWaves({
      targets,
      release,
      store,
      waves: ["100%"],
      signal: stop.signal,
      onEvent: (event) => void (event.event === "target" && stop.abort()),
    });
    expect(stopped.state).toBe("cancelled");
    expect(stopped.counts.done).toBeLessThan(count);
    expect(await inLedger()).toBe(stopped.counts.done);
    expect(await runWaves({ targets, release, store, resume: stopped.run! })).toMatchObject({ state: "done" });
  });

  test("a restored tenant is found by its ledger, though its version says otherwise", async () => {
    const some = targets.slice(0, 3);
    await runWaves({ targets, release, store });
    // as a backup of last week would leave it
    await db.admin.query(
      `alter table t2.projects drop column c${step}; delete from t2.watertight_release_ledger where position = ${step}`,
    );
    expect((await planMigrations(some, release)).totals.behind).toBe(0);
    expect(await findDrift([some[1]!], release, { reference: { connectionString: db.adminUrl } })).toMatchObject({
      groups: [{ differences: [`schema version: says ${step}, but the ledger lacks 000${step}_add`] }],
    });
    expect((await planMigrations(some, release, { readLedgers: true })).totals.behind).toBe(1);
    expect(await runWaves({ targets: some, release, store, readLedgers: true })).toMatchObject({
      state: "done",
      counts: { done: 1, current: 2 },
    });
    expect((await planMigrations(some, release, { readLedgers: true })).totals.behind).toBe(0);
  });

  test("the plan says who is behind, with locks and an estimate, and what it cannot read", async () => {
    const plan = await planMigrations(
      [
        ...targets,
        { id: "gone", model: "database", connect: { connectionString: "postgres://nobody@127.0.0.1:1/none" } },
      ],
      release,
    );
    expect(plan.totals).toMatchObject({ targets: count + 1, behind: count, current: 0, problems: 1 });
    expect(plan.files).toMatchObject([
      {
        name: `000${step}_add`,
        targets: count,
        locks: [{ table: "projects", mode: "access exclusive", work: "" }],
        measured: false,
      },
    ]);
    expect(planText(plan)).toContain(`000${step}_add`);
    expect(JSON.stringify(plan)).not.toContain("postgres://");
    const other = await planMigrations(targets.slice(0, 3), makeRelease([]));
    expect(other.totals.behind).toBe(0);
  });

  test("options and runs that make no sense are refused", async () => {
    const some = targets.slice(0, 3);
    await expect(runWaves({ targets: some, release, store, waves: ["50%", "10%"] })).rejects.toMatchObject({
      code: "WT_MIGRATION_OPTION",
    });
    await expect(runWaves({ targets: some, release, store, concurrency: 0 })).rejects.toMatchObject({
      code: "WT_MIGRATION_OPTION",
    });
    await expect(runWaves({ targets: [...some, some[0]!], release, store })).rejects.toMatchObject({
      code: "WT_MIGRATION_TARGET",
    });
    await expect(runWaves({ targets: some, release, store, resume: "none" })).rejects.toMatchObject({
      code: "WT_MIGRATION_RUN",
    });
  });
});
