/** One operation under a lease, in this process: what a person's word, a failure and a cancel at a bad moment may do, and may not. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  approveOperation,
  cancelOperation,
  resumeOperation,
  retryOperation,
} from "../../src/operations/control-operation.ts";
import { createToken } from "../../src/access/tokens.ts";
import type { OperationKind, Step } from "../../src/operations/operation.ts";
import { getOperation, listSteps, requestOperation } from "../../src/operations/operation-rows.ts";
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

  const kindOf = (steps: readonly Step<never>[], fourEyes = false): OperationKind<never> => {
    const subject = `thing:${++number}`;
    return { kind: "thing", fourEyes, parse: (input) => input as never, subject: () => subject, steps: () => steps };
  };
  const request = (kind: OperationKind<never>) => requestOperation(catalog.pool, actor, kind as never, {});
  /** Runs it, or stops its worker at a place. */
  const run = (kind: OperationKind<never>, id: string, place?: string) => {
    const worker = new AbortController();
    const failpoint = (name: string): void => {
      if (name !== place) return;
      worker.abort(new Error("the worker stops"));
      throw worker.signal.reason;
    };
    return runOperation(
      {
        catalog: catalog.pool,
        kinds: new Map([[kind.kind, kind]]),
        worker: "test",
        signal: worker.signal,
        failpoint,
        mostAttempts: 1,
      },
      id,
    );
  };
  const cancel = (kind: OperationKind<never>, id: string) =>
    cancelOperation(catalog.pool, actor, id, new Map([[kind.kind, kind]]));
  /** A step over a world of names. */
  const make = (world: Set<string>, name: string, more: Partial<Step<never>> = {}): Step<never> => ({
    name,
    observe: async () => world.has(name),
    act: async () => void world.add(name),
    undo: async () => void world.delete(name),
    ...more,
  });
  const fails = (name: string): Step<never> => ({
    name,
    observe: async () => false,
    act: () => Promise.reject(new Error("no")),
  });

  test("a request that was cancelled before the second person's word does not run because it is retried", async () => {
    const world = new Set<string>();
    const kind = kindOf([make(world, "delete")], true);
    const { id } = await request(kind);
    await cancel(kind, id);
    expect(await retryOperation(catalog.pool, actor, id)).toMatchObject({
      state: "waiting_approval",
      approvedBy: null,
    });
    expect(await run(kind, id)).toEqual({ end: "busy" });
    // the database says no as well
    await expect(
      catalog.pool.query("update watertight_catalog.operation set state = 'pending' where id = $1", [id]),
    ).rejects.toMatchObject({ code: "23514", constraint: "operation_approved" });
    expect(world.size).toBe(0);
    await approveOperation(catalog.pool, { name: "bob" }, id);
    expect(await run(kind, id)).toEqual({ end: "succeeded" });
  });

  test("a token that the requester made, or that made the requester's, is no second person", async () => {
    const name = (token: string) => `token:${token}`;
    // ada makes an admin's token, which makes another one, which makes an approver's; bob's was made by somebody else
    await createToken(catalog.pool, actor, "admin", ["admin"]);
    await createToken(catalog.pool, { name: name("admin") }, "second", ["admin"]);
    await createToken(catalog.pool, { name: name("second") }, "hand", ["approver"]);
    await createToken(catalog.pool, { name: "carol" }, "bob", ["approver"]);
    const kind = kindOf([], true);
    const { id } = await requestOperation(catalog.pool, { name: name("admin") }, kind as never, {});
    for (const approver of ["ada", name("second"), name("hand")])
      await expect(approveOperation(catalog.pool, { name: approver }, id)).rejects.toMatchObject({
        code: "WT_OPERATION_APPROVAL",
      });
    expect(await approveOperation(catalog.pool, { name: name("bob") }, id)).toMatchObject({ state: "pending" });
    await cancel(kind, id);
  });

  test("a retry after an undo that stopped in the middle looks at every step again", async () => {
    const world = new Set<string>();
    let broken = true;
    const half = async (): Promise<void> => {
      world.delete("b");
      if (broken) throw new Error("half undone");
    };
    const steps = [make(world, "a"), make(world, "b", { undo: half }), fails("c")];
    const kind = kindOf(steps);
    const { id } = await request(kind);
    expect(await run(kind, id)).toEqual({ end: "failed" });
    expect([...world]).toEqual(["a"]);
    steps[2] = make(world, "c");
    await retryOperation(catalog.pool, actor, id);
    expect(await run(kind, id)).toEqual({ end: "succeeded" });
    expect([...world].toSorted()).toEqual(["a", "b", "c"]);
    // and one that is retried and then cancelled still undoes what the first try had made
    broken = true;
    const again = kindOf([make(world, "a"), make(world, "b", { undo: half }), fails("d")]);
    world.clear();
    const second = await request(again);
    expect(await run(again, second.id)).toEqual({ end: "failed" });
    broken = false;
    await retryOperation(catalog.pool, actor, second.id);
    await cancel(again, second.id);
    expect(await run(again, second.id)).toEqual({ end: "cancelled" });
    expect(world.size).toBe(0);
  });

  test("what was left half done keeps its subject until somebody has finished it", async () => {
    const world = new Set<string>();
    let broken = true;
    const undo = async (): Promise<void> => {
      if (broken) throw new Error("not now");
      world.clear();
    };
    const kind = kindOf([make(world, "a", { undo }), fails("b")]);
    const { id } = await request(kind);
    expect(await run(kind, id)).toEqual({ end: "failed" });
    await expect(request(kind)).rejects.toMatchObject({ code: "WT_OPERATION_BUSY" });
    broken = false;
    await resumeOperation(catalog.pool, actor, id);
    expect(await run(kind, id)).toEqual({ end: "failed" });
    expect(world.size).toBe(0);
    // all undone: the subject is free, and the old operation waits for the new one
    const next = await request(kind);
    await expect(retryOperation(catalog.pool, actor, id)).rejects.toMatchObject({ code: "WT_OPERATION_BUSY" });
    await cancel(kind, next.id);
    expect(await retryOperation(catalog.pool, actor, id)).toMatchObject({ state: "pending" });
    await cancel(kind, id);
  });

  test("a cancel that comes as the point of no return is passed undoes nothing, also when the worker stops there", async () => {
    const world = new Set<string>();
    const cancelled = async (): Promise<void> => {
      world.add("drop");
      // accepted a moment before the step was written down, as far as anybody can tell
      await catalog.db.admin.query("update watertight_catalog.operation set cancel_requested = true where id = $1", [
        id,
      ]);
    };
    const kind = kindOf([
      make(world, "copy"),
      make(world, "drop", { pointOfNoReturn: true, act: cancelled }),
      make(world, "end"),
    ]);
    const { id } = await request(kind);
    expect(await run(kind, id, "thing.drop.acted")).toEqual({ end: "lost" });
    expect(await run(kind, id)).toEqual({ end: "succeeded" });
    expect([...world].toSorted()).toEqual(["copy", "drop", "end"]);
    expect((await listSteps(catalog.db.admin, id)).map(({ state }) => state)).toEqual(["done", "done", "done"]);
    expect((await getOperation(catalog.db.admin, id)).direction).toBe("forward");
  });

  test("a worker that does not know a kind leaves it to one that does", async () => {
    const world = new Set<string>();
    const kind = kindOf([make(world, "a")]);
    const { id } = await request(kind);
    const old = await runOperation(
      {
        catalog: catalog.pool,
        kinds: new Map(),
        worker: "old",
        signal: new AbortController().signal,
        failpoint: () => {},
      },
      id,
    );
    expect(old.end).toBe("later");
    await catalog.db.admin.query("update watertight_catalog.operation set run_after = now() where id = $1", [id]);
    expect(await run(kind, id)).toEqual({ end: "succeeded" });
    expect(world.size).toBe(1);
  });

  test("an input that the database does not take is refused as one", async () => {
    const kind = kindOf([]);
    await expect(requestOperation(catalog.pool, actor, kind as never, { text: "\u0000" })).rejects.toMatchObject({
      code: "WT_CATALOG_INPUT",
    });
  });
});
