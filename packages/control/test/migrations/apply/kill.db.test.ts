// kill -9 at every numbered place, once and again during the recovery, then a run to the end: the same tables, ledger and version as a run that
// was never disturbed. The processes are real ones.
import { applyToTarget, failpoints, readLedger, type Release, type Target } from "@watertight/control";
import { createDatabase, describeServers, sized, type TestDatabase } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { releaseOf } from "../support/project.ts";
import { type KillableProcess, killableProcess } from "../support/killed-process.ts";
import { schemaTenants, versionOf } from "../support/tenants.ts";

const files = {
  "0001_init.sql":
    "create table projects (id int primary key, n int not null default 0);\ninsert into projects (id) values (1);",
  "0002_steps.sql":
    "update projects set n = n + 1;\ncreate index concurrently by_n on projects (n);\nupdate projects set n = n + 1;\ndrop index concurrently by_n;",
  "0003_last.sql": "create unique index concurrently by_n on projects (n);",
};

describeServers((server) => {
  let db: TestDatabase;
  let child: KillableProcess;
  let release: Release;
  let targets: Target[];
  const points = Object.values(failpoints);
  // the points within steps are passed several times
  const kills = points.flatMap((point) => sized([1, 2, 3], [1]).map((nth) => ({ point, nth })));

  beforeAll(async () => {
    db = await createDatabase(server, { kit: { level: "sealed" } });
    child = await killableProcess();
    release = await releaseOf(files);
    targets = await schemaTenants(db, kills.length + 2);
  });
  afterAll(async () => {
    await child?.remove();
    await db?.drop();
  });

  const state = async (target: Target): Promise<unknown> => {
    const rows = await db.admin.query(`select id, n from ${target.schema}.projects`);
    const indexes = await db.admin.query(
      "select indexrelid::regclass::text as name, indisvalid as valid, indisunique as one from pg_index where indrelid = $1::regclass order by 1",
      [`${target.schema}.projects`],
    );
    const ledger = (await readLedger(db.admin, target))?.map((entry) => ({ ...entry, appliedAt: "", durationMs: 0 }));
    return {
      rows: rows.rows,
      indexes: indexes.rows.map(({ name, ...rest }) => ({ name: String(name).replace(/^t\d+\./, ""), ...rest })),
      ledger,
      version: await versionOf(db, target.id),
    };
  };

  test("at every point, also during the recovery", { timeout: 240_000 }, async () => {
    const undisturbed = targets[0]!;
    await applyToTarget(undisturbed, release);
    const expected = await state(undisturbed);
    expect(expected).toMatchObject({
      rows: [{ id: 1, n: 2 }],
      indexes: [{ name: "by_n", valid: true, one: true }, {}],
    });
    const died = new Set<number>();
    const one = async ({ point, nth }: { point: number; nth: number }, target: Target): Promise<void> => {
      if ((await child.run(target, release, point, nth)) === "SIGKILL") died.add(point);
      // killed again while it recovers, at the same place and at another one
      if (nth === 1) await child.run(target, release, (point % points.length) + 1);
      await applyToTarget(target, release);
      expect(await state(target), `killed at ${point}, time ${nth}`).toEqual(expected);
      expect((await applyToTarget(target, release)).applied).toEqual([]);
    };
    for (const [i, kill] of kills.entries()) await one(kill, targets[i + 1]!);
    expect([...died].toSorted((a, b) => a - b)).toEqual(points.toSorted((a, b) => a - b));
  });

  test("an index that was left invalid is dropped first; one of somebody else is refused", async () => {
    const target = targets.at(-1)!;
    const base = await releaseOf({
      "0001_init.sql": "create table twice (n int);\ninsert into twice values (1), (1);",
    });
    await applyToTarget(target, base);
    const schema = target.schema!;
    // duplicates: the index is left invalid, as a real failure leaves it
    await expect(db.admin.query(`create unique index concurrently one on ${schema}.twice (n)`)).rejects.toMatchObject({
      code: "23505",
    });
    const longer = await releaseOf({
      "0001_init.sql": "create table twice (n int);\ninsert into twice values (1), (1);",
      "0002_index.sql": "create index concurrently one on twice (n);",
    });
    expect((await applyToTarget(target, longer)).applied).toEqual(["0002_index"]);
    const valid = await db.admin.query(
      `select indisvalid as v from pg_index where indexrelid = '${schema}.one'::regclass`,
    );
    expect(valid.rows).toEqual([{ v: true }]);
    await db.admin.query(`create index theirs on ${schema}.twice (n)`);
    const third = await releaseOf({
      "0001_init.sql": "create table twice (n int);\ninsert into twice values (1), (1);",
      "0002_index.sql": "create index concurrently one on twice (n);",
      "0003_theirs.sql": "create index concurrently theirs on twice (n);",
    });
    await expect(applyToTarget(target, third)).rejects.toMatchObject({ code: "WT_MIGRATION_INDEX" });
  });
});
