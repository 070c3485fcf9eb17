/** Events are delivered by whoever runs, when they are written and when they are due again; a stop ends it, also while a receiver is silent. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { writeEvent } from "../../src/catalog/outbox.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { startWorker } from "../../src/operations/worker.ts";
import { addWebhook } from "../../src/webhooks/deliver.ts";
import { startDelivery } from "../../src/webhooks/delivery-loop.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const secrets = { read: async () => "whsec_test" };
const longTime = 600_000;

describeServers((server) => {
  let catalog: CatalogDatabase;
  let receiver: Server;
  let answer: number | "never" = 200;
  const got: string[] = [];
  const failures: Error[] = [];
  const failed = (error: Error): void => void failures.push(error);
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    receiver = createServer((request, response) => {
      got.push(request.headers["webhook-id"] as string);
      request.resume();
      if (answer !== "never") response.writeHead(answer).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    await addWebhook(catalog.pool, { name: "test" }, { url, secret: "env:HOOK" });
  });
  afterAll(async () => {
    receiver.closeAllConnections();
    receiver.close();
    await catalog.close();
  });
  beforeEach(async () => {
    got.length = 0;
    failures.length = 0;
    answer = 200;
    await catalog.db.admin.query("truncate watertight_catalog.outbox, watertight_catalog.delivery");
  });
  const write = (n: number) =>
    inTransaction(catalog.pool, async (tx) => {
      for (let i = 0; i < n; i++) await writeEvent(tx, "tenant.active", `t-${i}`, {});
    });
  const loop = (everyMs: number) => startDelivery(catalog.pool, catalog.url.control, { secrets, everyMs }, failed);

  test("several at once deliver each event one time, when they are told of it", async () => {
    // none of them looks by itself in the time of this test
    const loops = [loop(longTime), loop(longTime), loop(longTime)];
    try {
      await expect
        .poll(
          async () =>
            (
              await catalog.db.admin.query(
                "select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'watertight hears watertight_outbox'",
              )
            ).rows[0].n,
        )
        .toBe(3);
      await sleep(200);
      await write(50);
      await expect.poll(() => got.length, { timeout: 10_000 }).toBe(50);
      await sleep(200);
      expect(new Set(got).size).toBe(50);
      expect(got).toHaveLength(50);
    } finally {
      await Promise.all(loops.map((each) => each.stop()));
    }
    expect(failures).toEqual([]);
  });

  test("what failed is tried again by the clock, and a listener that was ended is replaced", async () => {
    const one = loop(100);
    try {
      answer = 500;
      await write(1);
      await expect.poll(() => got.length, { timeout: 10_000 }).toBeGreaterThan(0);
      answer = 200;
      const delivered = async () =>
        (
          await catalog.db.admin.query(
            "select count(*)::int as n from watertight_catalog.delivery where delivered_at is not null",
          )
        ).rows[0].n;
      await expect.poll(delivered, { timeout: 10_000 }).toBe(1);
      await catalog.db.admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'watertight hears watertight_outbox' and datname = current_database()",
      );
      await write(1);
      await expect.poll(delivered, { timeout: 10_000 }).toBe(2);
    } finally {
      await one.stop();
    }
  });

  test("a stop does not wait for a silent receiver, and afterwards nothing is sent", async () => {
    answer = "never";
    const one = loop(100);
    await write(3);
    await expect.poll(() => got.length, { timeout: 10_000 }).toBe(3);
    await one.stop();
    const { rows } = await catalog.db.admin.query(
      "select count(*)::int as n from watertight_catalog.delivery where delivered_at is null",
    );
    expect(rows).toEqual([{ n: 3 }]);
    answer = 200;
    await write(1);
    await sleep(300);
    expect(got).toHaveLength(3);
  });

  test("a worker delivers beside its operations", async () => {
    const worker = await startWorker({
      catalogUrl: catalog.url.control,
      kinds: new Map(),
      deliver: { secrets, everyMs: longTime },
      failed,
    });
    try {
      await write(5);
      await expect.poll(() => got.length, { timeout: 10_000 }).toBe(5);
    } finally {
      await worker.stop();
    }
    expect(failures).toEqual([]);
  });
});
