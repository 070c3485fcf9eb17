/**
 * Operations over real worker processes: killed at every numbered place, then again while they recover; three at a time on many operations;
 * a worker that sleeps through its lease; cancel, failure, resume. Judged by a database that no worker keeps books in.
 */
import { createDatabase, describeServers, sized, type TestDatabase } from "@watertight/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import {
  approveOperation,
  cancelOperation,
  resumeOperation,
  retryOperation,
} from "../../src/operations/control-operation.ts";
import type { Operation, OperationKind } from "../../src/operations/operation.ts";
import { getOperation, listOperationEvents, listSteps, requestOperation } from "../../src/operations/operation-rows.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";
import { makeThing } from "./worker-process.ts";
import { type WorkerProcess, type Workers, workers } from "./workers.ts";

const actor = { name: "test" };
const kinds: ReadonlyMap<string, OperationKind<never>> = new Map([
  [makeThing.kind, makeThing as unknown as OperationKind<never>],
]);
const finished = ["succeeded", "failed", "cancelled"];

describeServers((server) => {
  let catalog: CatalogDatabase;
  let outside: TestDatabase;
  let pool: Workers;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    outside = await createDatabase(server);
    pool = await workers("worker-process.ts");
    await outside.admin.query(`
      create table made (thing text, position int, worker text not null, at timestamptz not null default clock_timestamp(), primary key (thing, position));
      create table violation (what text)`);
  });
  afterAll(async () => {
    await pool.close();
    await catalog.close();
    await outside.drop();
  });
  beforeEach(async () => {
    await outside.admin.query("truncate made, violation");
    await catalog.db.admin.query(
      "update watertight_catalog.operation set state = 'failed' where state not in ('succeeded', 'failed', 'cancelled')",
    );
  });

  const start = (env: Record<string, string> = {}): WorkerProcess =>
    pool.start({ CATALOG_URL: catalog.url.control, OUTSIDE_URL: outside.adminUrl, ...env });
  // told before its first line ran, it is simply gone
  const stop = async (worker: WorkerProcess, ways: readonly (number | string)[] = [0, "SIGTERM"]): Promise<unknown> => {
    worker.child.kill("SIGTERM");
    const how = await worker.ended;
    expect(ways).toContain(how);
    return how;
  };
  const request = (input: Record<string, unknown>) => requestOperation(catalog.pool, actor, makeThing, input);
  const end = async (id: string, limitMs = 30_000): Promise<Operation> => {
    for (const until = Date.now() + limitMs; Date.now() < until;) {
      pool.check();
      const operation = await getOperation(catalog.db.admin, id);
      if (finished.includes(operation.state)) return operation;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const operation = await getOperation(catalog.db.admin, id);
    throw new Error(`${id} is ${operation.state}: ${JSON.stringify(operation.error)}`);
  };
  const made = async (thing: string): Promise<number[]> =>
    (await outside.admin.query("select position from made where thing = $1 order by position", [thing])).rows.map(
      (row) => row.position as number,
    );
  const sound = async (): Promise<void> => {
    expect((await outside.admin.query("select what from violation")).rows).toEqual([]);
    expect(await verifyAudit(catalog.db.admin)).toMatchObject({ valid: true });
  };
  const leasesEnd = () =>
    catalog.db.admin.query(
      "update watertight_catalog.operation set lease_until = clock_timestamp() where lease_until is not null",
    );

  test("does every step once, in order, and tells of it", async () => {
    const worker = start();
    await worker.ready();
    const { id } = await request({ thing: "one" });
    expect(await end(id)).toMatchObject({
      state: "succeeded",
      output: { "make-0": "one", "make-2": "one" },
      error: null,
    });
    expect(await made("one")).toEqual([0, 1, 2]);
    expect((await listSteps(catalog.db.admin, id)).map(({ state, attempts }) => [state, attempts])).toEqual([
      ["done", 1],
      ["done", 1],
      ["done", 1],
    ]);
    expect((await listOperationEvents(catalog.db.admin, id)).map(({ kind }) => kind)).toEqual([
      "requested",
      "step_started",
      "step_done",
      "step_started",
      "step_done",
      "step_started",
      "step_done",
      "succeeded",
    ]);
    await stop(worker);
    await sound();
  });

  test("works on one subject at a time", async () => {
    const first = await request({ thing: "busy" });
    await expect(request({ thing: "busy" })).rejects.toMatchObject({ code: "WT_OPERATION_BUSY", retryable: true });
    expect(await cancelOperation(catalog.pool, actor, first.id, kinds)).toMatchObject({ state: "cancelled" });
    await cancelOperation(catalog.pool, actor, (await request({ thing: "busy" })).id, kinds);
  });

  test("undoes everything when a step fails, and a retry finds a clean place", async () => {
    const worker = start();
    const { id } = await request({ thing: "fails", failAt: 2 });
    expect(await end(id)).toMatchObject({
      state: "failed",
      direction: "back",
      error: { code: "WT_TEST", step: "make-2" },
    });
    expect(await made("fails")).toEqual([]);
    await expect(resumeOperation(catalog.pool, actor, (await request({ thing: "x" })).id)).rejects.toMatchObject({
      code: "WT_OPERATION_STATE",
    });
    await retryOperation(catalog.pool, actor, id);
    expect(await end(id)).toMatchObject({ state: "failed" });
    await stop(worker);
    await sound();
  });

  test("past the point of no return it stands, and goes on when somebody resumes it", async () => {
    const worker = start();
    const { id } = await request({ thing: "stands", failAt: 2, noReturnAt: 1 });
    expect(await end(id)).toMatchObject({ state: "failed", direction: "forward" });
    expect(await made("stands")).toEqual([0, 1]);
    await expect(cancelOperation(catalog.pool, actor, id, kinds)).rejects.toMatchObject({
      code: "WT_OPERATION_PAST_RETURN",
    });
    await catalog.db.admin.query("update watertight_catalog.operation set input = input - 'failAt' where id = $1", [
      id,
    ]);
    await resumeOperation(catalog.pool, actor, id);
    expect(await end(id)).toMatchObject({ state: "succeeded" });
    expect(await made("stands")).toEqual([0, 1, 2]);
    await stop(worker);
    await sound();
  });

  test("a cancel undoes what was done", async () => {
    const worker = start();
    const { id } = await request({ thing: "cancelled", stepMs: 400 });
    while ((await made("cancelled")).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await cancelOperation(catalog.pool, actor, id, kinds);
    expect(await end(id)).toMatchObject({ state: "cancelled", error: null });
    expect(await made("cancelled")).toEqual([]);
    await stop(worker);
    await sound();
  });

  test("nobody approves their own request", async () => {
    const { id } = await requestOperation(catalog.pool, actor, { ...makeThing, fourEyes: true }, { thing: "eyes" });
    expect((await getOperation(catalog.db.admin, id)).state).toBe("waiting_approval");
    await expect(approveOperation(catalog.pool, actor, id)).rejects.toMatchObject({ code: "WT_OPERATION_APPROVAL" });
    // the database says no as well
    await expect(
      catalog.pool.query("update watertight_catalog.operation set approved_by = requested_by where id = $1", [id]),
    ).rejects.toMatchObject({ code: "23514" });
    expect(await approveOperation(catalog.pool, { name: "second" }, id)).toMatchObject({
      state: "pending",
      approvedBy: "second",
    });
    await cancelOperation(catalog.pool, actor, id, kinds);
  });

  describe("killed at each numbered place, resumed, and killed again while it recovers", () => {
    // one operation a process, three operations at a time: which worker takes an operation over is shown elsewhere
    const killed = async (
      input: Record<string, unknown>,
      failpoint: number,
    ): Promise<{ id: string; died: boolean }> => {
      const { id } = await request(input);
      const runs = async (place: string): Promise<boolean> => {
        const how = await start({ OPERATION: id, WATERTIGHT_FAILPOINT: place }).ended;
        pool.check();
        await catalog.db.admin.query(
          "update watertight_catalog.operation set lease_until = clock_timestamp() where id = $1 and lease_until is not null",
          [id],
        );
        return how === "SIGKILL";
      };
      const died = await runs(String(failpoint));
      // the next one dies as well, a few places on
      if (died && (await runs("3"))) await runs("");
      await end(id);
      return { id, died };
    };
    const everyPlace = async (
      name: string,
      input: Record<string, unknown>,
      check: (id: string, thing: string) => Promise<void>,
    ) => {
      const step = server.version === 15 ? 5 : sized(1, 5);
      let places = 0;
      let next = 1;
      const lane = async (): Promise<void> => {
        for (;;) {
          const place = next;
          next += step;
          const thing = `${name}-${place}`;
          const { id, died } = await killed({ ...input, thing }, place);
          await check(id, thing);
          if (!died) return;
          places++;
        }
      };
      await Promise.all([lane(), lane(), lane()]);
      await sound();
      return places * step;
    };

    test("an operation that succeeds", { timeout: 240_000 }, async () => {
      const places = await everyPlace("kill", {}, async (id, thing) => {
        expect((await getOperation(catalog.db.admin, id)).state).toBe("succeeded");
        expect(await made(thing)).toEqual([0, 1, 2]);
        const { rows } = await catalog.db.admin.query(
          "select count(*)::int as open from watertight_catalog.cleanup where operation = $1 and settled_at is null",
          [id],
        );
        expect(rows[0].open).toBe(0);
      });
      // before, started, observed, promised, inside, acted, verified, recorded of three steps; before and after the end
      expect(places).toBeGreaterThanOrEqual(24);
    });

    test("an operation that fails and undoes", { timeout: 240_000 }, async () => {
      const places = await everyPlace("undo", { failAt: 2 }, async (id, thing) => {
        expect((await getOperation(catalog.db.admin, id)).state).toBe("failed");
        expect(await made(thing)).toEqual([]);
      });
      expect(places).toBeGreaterThanOrEqual(28);
    });
  });

  test("a worker that slept through its lease writes nothing more", { timeout: 60_000 }, async () => {
    const sleeper = start({ CONCURRENCY: "1" });
    await sleeper.ready();
    const { id } = await request({ thing: "sleeper", stepMs: 1500 });
    while ((await listSteps(catalog.db.admin, id)).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 300));
    sleeper.child.kill("SIGSTOP");
    await leasesEnd();
    const other = start({ CONCURRENCY: "1" });
    expect(await end(id)).toMatchObject({ state: "succeeded" });
    const before = await outside.admin.query("select * from made order by position");
    sleeper.child.kill("SIGCONT");
    // long enough for the sleeper to end its step, and to find that it is not its step any more
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect((await outside.admin.query("select * from made order by position")).rows).toEqual(before.rows);
    expect(new Set(before.rows.map((row) => row.worker)).size).toBe(1);
    await stop(other);
    await stop(sleeper);
    await sound();
  });

  test("three workers share many operations, and one that dies is replaced", { timeout: 240_000 }, async () => {
    // versions deliver alike; the long run is on the newest
    const count = server.version === 15 ? 120 : sized(1000, 120);
    const ids: string[] = [];
    let asked = 0;
    const asking = async (): Promise<void> => {
      while (ids.length + asked < count) {
        asked++;
        const { id } = await request({ thing: `many-${ids.length + asked}-${Math.random()}` });
        asked--;
        ids.push(id);
      }
    };
    await Promise.all([asking(), asking(), asking(), asking()]);
    const all = [start(), start(), start()];
    const done = async (): Promise<number> =>
      (
        await catalog.db.admin.query(
          "select count(*)::int as n from watertight_catalog.operation where id = any ($1) and state = 'succeeded'",
          [ids],
        )
      ).rows[0].n;
    while ((await done()) < count / 4) await new Promise((resolve) => setTimeout(resolve, 100));
    const dead = all[0] as WorkerProcess;
    dead.child.kill("SIGKILL");
    await dead.ended;
    const { rows: orphans } = await catalog.db.admin.query(
      `select id, clock_timestamp() as killed from watertight_catalog.operation
        where state = 'running' and lease_owner = $1 and lease_until > clock_timestamp()`,
      [await dead.name],
    );
    expect(orphans.length).toBeGreaterThan(0);
    for (const until = Date.now() + 180_000; (await done()) < count && Date.now() < until;) {
      pool.check();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    for (const id of ids) await end(id, 1000);
    expect((await outside.admin.query("select count(*)::int as n from made")).rows[0].n).toBe(3 * count);
    const { rows: shares } = await outside.admin.query(
      "select worker, count(*)::int as n from made group by 1 order by 2",
    );
    expect(shares.length).toBe(3);
    // the two that lived to the end both did much of it
    expect(shares[1].n / shares[2].n).toBeGreaterThan(0.25);
    // a lease lasts 6 s and is looked for every second: 7 to 9 s, whatever waits in the queue; more where tests run side by side
    const { rows: late } = await catalog.db.admin.query(
      `select bool_and(e.next < $2::timestamptz + interval '30 s') as soon, count(*)::int as n from (
         select min(at) as next from watertight_catalog.operation_event where operation = any ($1) and at > $2 group by operation) e`,
      [orphans.map((row) => row.id), orphans[0].killed],
    );
    expect(late[0].n).toBe(orphans.length);
    expect(late[0].soon).toBe(true);
    await stop(all[1]!);
    await stop(all[2]!);
    await sound();
  });
});
