/** A second person's word is for one try: once somebody has cancelled, nobody brings it back alone. And an operation that killed its workers goes on once a person says so. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  approveOperation,
  cancelOperation,
  resumeOperation,
  retryOperation,
} from "../../src/operations/control-operation.ts";
import { failpointFrom } from "../../src/operations/failpoints.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { getOperation, requestOperation } from "../../src/operations/operation-rows.ts";
import { Pause } from "../../src/operations/pause.ts";
import { runOperation } from "../../src/operations/run-operation.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

describeServers((server) => {
  let catalog: CatalogDatabase;
  let removed = false;
  let waits = true;
  const remove: OperationKind<{ readonly thing: string }> = {
    kind: "thing.remove",
    fourEyes: true,
    parse: (input) => input as { thing: string },
    subject: ({ thing }) => `thing:${thing}`,
    steps: () => [
      {
        name: "grace",
        observe: async () => !waits,
        act: async () => {
          throw new Pause(new Date(Date.now() + 3600_000));
        },
        undo: async () => {},
      },
      {
        name: "remove",
        observe: async () => removed,
        act: async () => {
          removed = true;
        },
      },
    ],
  };
  const kinds = new Map([[remove.kind, remove as unknown as OperationKind<never>]]);
  const run = (id: string) =>
    runOperation(
      {
        catalog: catalog.pool,
        kinds,
        worker: "here",
        signal: new AbortController().signal,
        failpoint: failpointFrom({}),
      },
      id,
    );
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
  });
  afterAll(() => catalog.close());

  test("who asked cannot go on with what was cancelled, on a word that was given before", async () => {
    const { id } = await requestOperation(catalog.pool, { name: "cli:alice" }, remove, { thing: "one" });
    await approveOperation(catalog.pool, { name: "cli:bob" }, id);
    expect(await run(id)).toMatchObject({ end: "later" });
    await cancelOperation(catalog.pool, { name: "cli:bob" }, id, kinds);
    expect(await run(id)).toMatchObject({ end: "cancelled" });
    waits = false;
    const again = await retryOperation(catalog.pool, { name: "cli:alice" }, id);
    expect(again).toMatchObject({ state: "waiting_approval", approvedBy: null });
    expect(await run(id)).toMatchObject({ end: "busy" });
    expect(removed).toBe(false);
    // the word of a second person again, and not of the first
    await expect(approveOperation(catalog.pool, { name: "cli:alice" }, id)).rejects.toMatchObject({
      code: "WT_OPERATION_APPROVAL",
    });
    await approveOperation(catalog.pool, { name: "cli:bob" }, id);
    expect(await run(id)).toMatchObject({ end: "succeeded" });
    expect(removed).toBe(true);
  });

  test("one that killed its workers is tried again when a person says so", async () => {
    removed = false;
    const { id } = await requestOperation(catalog.pool, { name: "cli:alice" }, remove, { thing: "two" });
    await approveOperation(catalog.pool, { name: "cli:bob" }, id);
    await catalog.db.admin.query("update watertight_catalog.operation set crashes = 5 where id = $1", [id]);
    expect(await run(id)).toMatchObject({ end: "failed" });
    expect(await getOperation(catalog.db.admin, id)).toMatchObject({ error: { code: "WT_OPERATION_CRASHES" } });
    await resumeOperation(catalog.pool, { name: "cli:alice" }, id);
    expect(await run(id)).toMatchObject({ end: "succeeded" });
  });
});
