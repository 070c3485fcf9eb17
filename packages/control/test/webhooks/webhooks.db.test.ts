/** Events reach their receivers, signed, once the transaction that they tell of is there; a receiver that fails gets them later. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { writeEvent } from "../../src/catalog/outbox.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { addWebhook, deliverDue } from "../../src/webhooks/deliver.ts";
import { noMetadata, post } from "../../src/webhooks/post.ts";
import { signWebhook, verifyWebhook } from "../../src/webhooks/signature.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "test" };
const secret = "whsec_test";
const secrets = { read: async () => secret };

describe("signatures", () => {
  const now = Date.UTC(2026, 10, 1);
  const headers = { ...signWebhook(secret, "evt_1", "body", now) };
  test("hold for what was signed, and for nothing else", () => {
    expect(verifyWebhook(secret, headers, "body", now)).toBe(true);
    expect(verifyWebhook(secret, headers, "other", now)).toBe(false);
    expect(verifyWebhook("other", headers, "body", now)).toBe(false);
    expect(verifyWebhook(secret, { ...headers, "webhook-id": "evt_2" }, "body", now)).toBe(false);
    expect(verifyWebhook(secret, headers, "body", now + 301_000)).toBe(false);
    expect(verifyWebhook(secret, { ...headers, "webhook-signature": "v1,AAAA" }, "body", now)).toBe(false);
    expect(verifyWebhook(secret, {}, "body", now)).toBe(false);
    expect(
      verifyWebhook(
        secret,
        { ...headers, "webhook-signature": `v1,AAAA ${headers["webhook-signature"]}` },
        "body",
        now,
      ),
    ).toBe(true);
  });
});

describeServers((server) => {
  let catalog: CatalogDatabase;
  let receiver: Server;
  let answer: number | "never" = 200;
  const got: { headers: Record<string, string>; body: string }[] = [];
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    receiver = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        got.push({ headers: request.headers as Record<string, string>, body });
        if (answer !== "never") response.writeHead(answer, answer === 302 ? { location: "/elsewhere" } : {}).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    await addWebhook(catalog.pool, actor, { url, secret: "env:HOOK", events: ["tenant.active"] });
  });
  afterAll(async () => {
    receiver.closeAllConnections();
    receiver.close();
    await catalog.close();
  });
  beforeEach(async () => {
    got.length = 0;
    answer = 200;
    await catalog.db.admin.query("truncate watertight_catalog.outbox, watertight_catalog.delivery");
  });
  const write = (type: string) => inTransaction(catalog.pool, (tx) => writeEvent(tx, type, "acme", { a: 1 }));

  test("an event comes once, signed; one of another type, or of a transaction that was undone, never", async () => {
    await write("tenant.active");
    await write("tenant.deleted");
    await inTransaction(catalog.pool, async (tx) => {
      await writeEvent(tx, "tenant.active", "undone", {});
      throw new Error("undone");
    }).catch(() => {});
    const both = await Promise.all([deliverDue(catalog.pool, { secrets }), deliverDue(catalog.pool, { secrets })]);
    expect(both.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(1);
    expect(got).toHaveLength(1);
    expect(verifyWebhook(secret, got[0]!.headers, got[0]!.body)).toBe(true);
    expect(JSON.parse(got[0]!.body)).toMatchObject({ type: "tenant.active", tenant: "acme", data: { a: 1 } });
    expect(await deliverDue(catalog.pool, { secrets })).toEqual({ delivered: 0, failed: 0 });
  });

  test.each([
    [500, "HTTP 500"],
    [302, "HTTP 302"],
    ["never", "no answer in time"],
  ] as const)("a receiver that answers %s gets it later", async (how, why) => {
    answer = how;
    await write("tenant.active");
    expect(await deliverDue(catalog.pool, { secrets, timeoutMs: 300 })).toEqual({ delivered: 0, failed: 1 });
    const { rows } = await catalog.db.admin.query(
      "select last_error, attempts, next_at > clock_timestamp() as later from watertight_catalog.delivery",
    );
    expect(rows).toEqual([{ last_error: why, attempts: 1, later: true }]);
    answer = 200;
    await catalog.db.admin.query("update watertight_catalog.delivery set next_at = clock_timestamp()");
    expect(await deliverDue(catalog.pool, { secrets })).toEqual({ delivered: 1, failed: 0 });
    expect(got).toHaveLength(2);
    expect(got[0]!.headers["webhook-id"]).toBe(got[1]!.headers["webhook-id"]);
  });

  test("gives up after 30 tries", async () => {
    answer = 500;
    await write("tenant.active");
    await catalog.db.admin.query("update watertight_catalog.delivery set attempts = 29");
    await deliverDue(catalog.pool, { secrets });
    expect((await catalog.db.admin.query("select given_up from watertight_catalog.delivery")).rows).toEqual([
      { given_up: true },
    ]);
  });

  test("a receiver that never answers holds up nobody else, and one that is switched off gets nothing", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const id = await addWebhook(catalog.pool, actor, {
      url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      secret: "env:HOOK",
      events: ["slow"],
    });
    for (let i = 0; i < 30; i++) await write("slow");
    await write("tenant.active");
    expect(await deliverDue(catalog.pool, { secrets, timeoutMs: 300 })).toEqual({ delivered: 1, failed: 5 });
    await catalog.db.admin.query("update watertight_catalog.webhook set active = false where id = $1", [id]);
    await catalog.db.admin.query("update watertight_catalog.delivery set next_at = now()");
    expect(await deliverDue(catalog.pool, { secrets, timeoutMs: 300 })).toEqual({ delivered: 0, failed: 0 });
    silent.closeAllConnections();
    silent.close();
  });

  test("an answer without an end, or of any size, is not waited for", async () => {
    const endless = createServer((_, response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write("x".repeat(65_536)), 1);
      response.on("close", () => clearInterval(more));
    });
    await new Promise<void>((resolve) => endless.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
    const began = performance.now();
    expect(await post(url, {}, "{}", AbortSignal.timeout(5000), noMetadata)).toBe(200);
    expect(performance.now() - began).toBeLessThan(4000);
    // by name as well, and a name whose address may not be spoken to
    const named = url.replace("127.0.0.1", "localhost");
    await expect(post(named, {}, "{}", AbortSignal.timeout(5000), () => false)).rejects.toMatchObject({
      code: "WT_ADDRESS_REFUSED",
    });
    endless.closeAllConnections();
    endless.close();
  });

  test.each([
    "http://169.254.169.254/latest",
    "http://[::ffff:169.254.169.254]/",
    "http://0xa9fea9fe/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://0/",
  ])("%s is never spoken to", async (url) => {
    const id = await addWebhook(catalog.pool, actor, { url, secret: "env:HOOK", events: ["metadata"] });
    await write("metadata");
    expect(await deliverDue(catalog.pool, { secrets, timeoutMs: 300 })).toEqual({ delivered: 0, failed: 1 });
    const { rows } = await catalog.db.admin.query(
      "select last_error from watertight_catalog.delivery where webhook = $1",
      [id],
    );
    expect(rows).toEqual([{ last_error: "WT_ADDRESS_REFUSED" }]);
    await catalog.db.admin.query("update watertight_catalog.webhook set active = false where id = $1", [id]);
  });

  test.each(["http://user:hunter2@receiver/", "http://", "http://a b"])("%s is no address", async (url) => {
    const refusal = addWebhook(catalog.pool, actor, { url, secret: "env:HOOK" });
    await expect(refusal).rejects.toMatchObject({ code: "WT_CATALOG_INPUT" });
    await expect(refusal).rejects.not.toThrow("hunter2");
  });

  test("a secret in clear, and an address that is none, are refused", async () => {
    await expect(addWebhook(catalog.pool, actor, { url: "http://x", secret: "whsec" })).rejects.toMatchObject({
      code: "WT_CATALOG_INPUT",
    });
    await expect(addWebhook(catalog.pool, actor, { url: "file:///etc/passwd", secret: "env:X" })).rejects.toMatchObject(
      { code: "WT_CATALOG_INPUT" },
    );
  });
});
