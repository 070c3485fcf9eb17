/** Which operation a worker is called to next: one whose worker died never waits behind those that nobody has begun. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isCalled, openQueue, type OperationQueue } from "../../src/operations/queue.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

describeServers((server) => {
  let catalog: CatalogDatabase;
  let queue: OperationQueue;
  const failed: Error[] = [];
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    queue = await openQueue(catalog.pool, (error) => failed.push(error));
  });
  afterAll(async () => {
    await queue.stop();
    await catalog.close();
    if (failed.length > 0) throw failed[0];
  });
  const take = async (most: number): Promise<string[]> => {
    const taken = await queue.take(most);
    for (const { job } of taken) await queue.done(job);
    return taken.map(({ operation }) => operation);
  };

  describe("calls", () => {
    test("come once each while they wait", async () => {
      const put = ["a", "b", "c"].map((id) => ({ id, begun: false }));
      await queue.put(put);
      await queue.put(put);
      expect((await take(10)).toSorted()).toEqual(["a", "b", "c"]);
      await queue.put(put.slice(0, 1));
      expect(await take(10)).toEqual(["a"]);
    });

    test("are not put again for what is called already; for what was begun since then they are", async () => {
      await queue.put([{ id: "called", begun: false }]);
      const called = async (id: string, begun: boolean): Promise<unknown> =>
        (
          await catalog.pool.query(
            `select ${isCalled("x.id", "x.begun")} as yes from (values ($1::text, $2::bool)) x(id, begun)`,
            [id, begun],
          )
        ).rows[0].yes;
      expect([await called("called", false), await called("called", true), await called("else", false)]).toEqual([
        true,
        false,
        false,
      ]);
      await queue.put([{ id: "called", begun: true }]);
      expect(await called("called", true)).toBe(true);
      await take(10);
      expect([await called("called", false), await called("called", true)]).toEqual([false, false]);
    });

    test("for an operation that was begun come first, also where an older call for it waits at the end", async () => {
      const others = Array.from({ length: 50 }, (_, at) => ({ id: `other-${at}`, begun: false }));
      await queue.put([...others, { id: "orphan", begun: false }]);
      await queue.put([{ id: "orphan", begun: true }]);
      await queue.put([{ id: "orphan", begun: true }]);
      expect(await take(1)).toEqual(["orphan"]);
      const rest = await take(100);
      expect(rest.filter((id) => id === "orphan")).toHaveLength(1);
      expect(new Set(rest).size).toBe(51);
    });
  });
});
