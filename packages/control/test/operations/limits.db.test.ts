/** What must not go on for ever: a step that hangs, an operation that kills its workers, one that can neither be finished nor undone. */
import { setTimeout as sleep } from "node:timers/promises";
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { abandonOperation, resumeOperation } from "../../src/operations/control-operation.ts";
import type { OperationKind, Step } from "../../src/operations/operation.ts";
import { getOperation, listOrphans, listSteps, requestOperation } from "../../src/operations/operation-rows.ts";
import { takeLease } from "../../src/operations/lease.ts";
import { runOperation } from "../../src/operations/run-operation.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "ada" };

describeServers((server) => {
  let catalog: CatalogDatabase;
  let number = 0;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
  });
  afterAll(() => catalog.close());

  const kindOf = (steps: readonly Step<never>[]): OperationKind<never> => {
    const subject = `limited:${++number}`;
    return { kind: "thing", parse: (input) => input as never, subject: () => subject, steps: () => steps };
  };
  const request = (kind: OperationKind<never>) => requestOperation(catalog.pool, actor, kind as never, {});
  const run = (
    kind: OperationKind<never>,
    id: string,
    mostAttempts = 1,
    failpoint: (name: string) => void = () => {},
  ) =>
    runOperation(
      {
        catalog: catalog.pool,
        kinds: new Map([[kind.kind, kind]]),
        worker: "test",
        signal: new AbortController().signal,
        failpoint,
        mostAttempts,
      },
      id,
    );
  const due = (id: string) =>
    catalog.db.admin.query("update watertight_catalog.operation set run_after = now() where id = $1", [id]);
  /** A worker died on it: nobody gave the lease back. */
  const dies = (id: string) =>
    catalog.db.admin.query(
      `update watertight_catalog.operation set state = 'running', lease_owner = 'dead', lease_token = lease_token + 1, lease_until = now() - interval '1 s' where id = $1`,
      [id],
    );
  const make = (world: Set<string>, name: string, more: Partial<Step<never>> = {}): Step<never> => ({
    name,
    observe: async () => world.has(name),
    act: async () => void world.add(name),
    undo: async () => void world.delete(name),
    ...more,
  });

  test("a step that hangs is told to stop, tried again, and undone by the next lease", async () => {
    const world = new Set<string>();
    const heard: unknown[] = [];
    const hang = make(world, "hangs", {
      limitMs: 150,
      act: async ({ signal }) => {
        await sleep(60_000, undefined, { signal }).catch(() => heard.push((signal.reason as { code?: string }).code));
        throw new Error("what it says then is not why it failed");
      },
    });
    const kind = kindOf([make(world, "first"), hang]);
    const { id } = await request(kind);
    expect((await run(kind, id, 3)).end).toBe("later");
    expect(await getOperation(catalog.db.admin, id)).toMatchObject({ state: "waiting", attempts: 1 });
    await due(id);
    expect((await run(kind, id, 2)).end).toBe("later");
    // turned back, and not undone yet: under that lease the step might still be at work
    expect(await getOperation(catalog.db.admin, id)).toMatchObject({ state: "waiting", direction: "back" });
    expect(world).toContain("first");
    expect(await run(kind, id)).toEqual({ end: "failed" });
    expect(await getOperation(catalog.db.admin, id)).toMatchObject({
      error: { code: "WT_OPERATION_STEP_LIMIT", step: "hangs" },
    });
    expect(heard).toEqual(["WT_OPERATION_STEP_LIMIT", "WT_OPERATION_STEP_LIMIT"]);
    expect(world.size).toBe(0);
  });

  test("a step that does not listen loses its lease, and what it does later does not count", async () => {
    const world = new Set<string>();
    let late: unknown;
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => (wake = resolve));
    const deaf = make(world, "deaf", {
      limitMs: 100,
      async act({ commit }) {
        await woken;
        await commit(async (tx) => tx.query("select 1")).catch((error: unknown) => (late = error));
      },
    });
    const kind = kindOf([deaf]);
    const { id } = await request(kind);
    expect((await run(kind, id, 3)).end).toBe("later");
    await due(id);
    // the next one has it; it ends at once
    deaf.act = async () => void world.add("deaf");
    expect(await run(kind, id)).toEqual({ end: "succeeded" });
    wake();
    for (let tries = 0; late === undefined && tries < 100; tries++) await sleep(20);
    expect(late).toMatchObject({ code: "WT_OPERATION_LEASE_LOST" });
  });

  test("an operation whose workers die is not begun for ever; a person resumes it", async () => {
    const world = new Set<string>();
    const kind = kindOf([make(world, "a"), make(world, "b")]);
    const { id } = await request(kind);
    for (let deaths = 1; deaths <= 4; deaths++) {
      await dies(id);
      expect(await takeLease(catalog.pool, id, "another")).toMatchObject({ crashes: deaths });
    }
    await dies(id);
    expect(await run(kind, id)).toEqual({ end: "failed" });
    expect(world.size).toBe(0);
    expect(await getOperation(catalog.db.admin, id)).toMatchObject({
      state: "failed",
      direction: "forward",
      crashes: 5,
      error: { code: "WT_OPERATION_CRASHES" },
    });
    await resumeOperation(catalog.pool, actor, id);
    expect(await run(kind, id)).toEqual({ end: "succeeded" });
    expect([...world]).toEqual(["a", "b"]);
  });

  test("a lease that was given back, and a step that ended, are no crashes", async () => {
    const world = new Set<string>();
    const kind = kindOf([make(world, "a"), make(world, "b")]);
    const { id } = await request(kind);
    for (let deaths = 1; deaths <= 4; deaths++) await dies(id).then(() => takeLease(catalog.pool, id, "another"));
    await catalog.db.admin.query("update watertight_catalog.operation set lease_until = null where id = $1", [id]);
    const away = await run(kind, id, 8, (name) => {
      if (name === "thing.b.observed") throw Object.assign(new Error("away"), { code: "ECONNRESET" });
    });
    expect(away.end).toBe("later");
    expect(await getOperation(catalog.db.admin, id)).toMatchObject({ crashes: 0 });
    await due(id);
    expect(await run(kind, id)).toEqual({ end: "succeeded" });
  });

  test("what a step said is found again when its worker died before it was written down", async () => {
    const world = new Set<string>();
    const said = { place: "loc_1" };
    const kind = kindOf([
      make(world, "says", {
        observe: async () => (world.has("says") ? said : false),
        act: async () => (world.add("says"), said),
      }),
    ]);
    const { id } = await request(kind);
    const died = await run(kind, id, 2, (name) => {
      if (name === "thing.says.acted") throw Object.assign(new Error("died"), { code: "ECONNRESET" });
    });
    expect(died.end).toBe("later");
    expect((await listSteps(catalog.db.admin, id))[0]).toMatchObject({ state: "running", output: {} });
    await due(id);
    expect(await run(kind, id)).toEqual({ end: "succeeded" });
    expect((await getOperation(catalog.db.admin, id)).output).toEqual(said);
  });

  test("one that can neither be finished nor undone is abandoned by a person who says why", async () => {
    const world = new Set<string>();
    const never = make(world, "never", {
      async act({ willMake }) {
        await willMake({ cell: "eu-1", kind: "role", name: "left" }, { cell: "eu-1", kind: "database", name: "left" });
        world.add("left");
        throw new Error("the cell burned down");
      },
      undo: () => Promise.reject(new Error("the cell burned down")),
    });
    const kind = kindOf([never]);
    const { id } = await request(kind);
    await expect(abandonOperation(catalog.pool, actor, id, "too soon")).rejects.toMatchObject({
      code: "WT_OPERATION_STATE",
    });
    expect(await listOrphans(catalog.db.admin, id)).toEqual([]);
    expect(await run(kind, id)).toEqual({ end: "failed" });
    await expect(request(kind)).rejects.toMatchObject({ code: "WT_OPERATION_BUSY" });
    await expect(abandonOperation(catalog.pool, actor, id, "  ")).rejects.toMatchObject({ code: "WT_CATALOG_INPUT" });
    expect(await abandonOperation(catalog.pool, actor, id, "the cell burned down")).toMatchObject({
      state: "failed",
      abandonedReason: "the cell burned down",
    });
    expect((await listOrphans(catalog.db.admin, id)).map(({ kind: what, name }) => `${what} ${name}`)).toEqual([
      "role left",
      "database left",
    ]);
    const { rows } = await catalog.db.admin.query(
      "select actor, detail::jsonb ->> 'reason' as reason from watertight_catalog.audit_log where action = 'operation.abandoned' and subject = $1",
      [`operation:${id}`],
    );
    expect(rows).toEqual([{ actor: "ada", reason: "the cell burned down" }]);
    // the subject is free; the old one has nothing left to give up
    const next = await request(kind);
    await expect(abandonOperation(catalog.pool, actor, id, "again")).rejects.toMatchObject({
      code: "WT_OPERATION_STATE",
    });
    expect(next.state).toBe("pending");
  });
});
