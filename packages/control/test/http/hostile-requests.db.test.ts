/** Requests that are made to hurt: texts that cannot be stored, paths that hide a route, floods of wrong tokens, streams and questions. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createToken } from "../../src/access/tokens.ts";
import type { CatalogPool } from "../../src/db/transaction.ts";
import { createApi } from "../../src/http/api.ts";
import { serveApi } from "../../src/http/serve-api.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { requestOperation } from "../../src/operations/operation-rows.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const kind = {
  kind: "thing",
  parse: (input: Record<string, unknown>) => input,
  subject: (input: Record<string, unknown>) => `thing:${JSON.stringify(input)}`,
  steps: () => [],
} as unknown as OperationKind<never>;

describeServers((server) => {
  let catalog: CatalogDatabase;
  let admin: string;
  let asked = 0;
  const logged: Error[] = [];
  const settings = {
    kinds: new Map([[kind.kind, kind]]),
    log: (error: Error) => void logged.push(error),
    get pool(): CatalogPool {
      return {
        connect: async () => {
          asked++;
          return catalog.pool.connect();
        },
      };
    },
  };
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    admin = (await createToken(catalog.pool, { name: "test" }, "admin", ["admin"])).token;
  });
  afterAll(() => catalog.close());

  const ask = async (
    api: ReturnType<typeof createApi>,
    path: string,
    init: { readonly method?: string; readonly body?: string } = {},
    token: string = admin,
  ) =>
    await api.request(path, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });

  test.each([
    ["GET", "/v1/tenants/%00", undefined],
    ["GET", "/v1/operations?subject=%00", undefined],
    ["GET", `/v1/tenants?cursor=${Buffer.from("\0").toString("base64url")}`, undefined],
    ["GET", "/v1/tenants?behind=99999999999", undefined],
    ["DELETE", "/v1/tokens/%00", undefined],
    ["POST", "/v1/operations", { kind: "thing", input: { text: "\0" } }],
    ["POST", "/v1/operations", { kind: "thing", input: { text: "\ud800" } }],
    ["POST", "/v1/cells", { id: "eu-1", host: "\ud800", port: 1, adminSecret: "env:X" }],
    ["POST", "/v1/cells", { id: "eu-1", host: "h", port: 1, adminSecret: "env:X", maxSchemas: 2 ** 40 }],
  ])("%s %s with %j is the caller's mistake", async (method, path, body) => {
    const response = await ask(createApi(settings), path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      422,
      expect.stringMatching(/^WT_(API|CATALOG)_INPUT$/),
    ]);
    expect(logged).toEqual([]);
  });

  test.each([
    "/v1//tenants",
    "//v1/tenants",
    "/v1/tenants/",
    "/%76%31/tenants",
    "/v1%2Ftenants",
    "/V1/tenants",
    "/v1/./tenants",
    "/metrics/",
    "/v1",
  ])("%s answers nothing to whoever is not known, whatever the method", async (path) => {
    const api = createApi(settings);
    for (const method of ["GET", "HEAD", "OPTIONS", "POST", "TRACE2"]) {
      const response = await api.request(path, { method, headers: { "x-http-method-override": "GET" } });
      expect([401, 404]).toContain(response.status);
    }
  });

  test("a flood of wrong tokens does not reach the catalog, and does not hold up those that are right", async () => {
    const api = createApi({ ...settings, pool: settings.pool, wrongTokensPerMinute: 5 });
    expect((await ask(api, "/v1/cells")).status).toBe(200);
    const wrong = `wt_${"0".repeat(20)}_${"x".repeat(43)}`;
    const before = asked;
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => (await ask(api, "/v1/cells", {}, wrong)).status),
    );
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(35);
    expect(asked - before).toBe(5);
    expect((await ask(api, "/v1/cells")).status).toBe(200);
  });

  test("whether it is ready is asked once for all who want to know", async () => {
    const api = createApi(settings);
    const before = asked;
    const answers = await Promise.all(Array.from({ length: 30 }, async () => (await api.request("/readyz")).status));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(asked - before).toBe(1);
  });

  test("a caller has only some streams at a time, and one that is closed makes room", async () => {
    const served = await serveApi(createApi({ ...settings, pool: catalog.pool }), { port: 0 });
    onTestFinished(() => served.close());
    const { id } = await requestOperation(catalog.pool, { name: "test" }, kind as never, {});
    const closing = new AbortController();
    const open = (method = "GET") =>
      fetch(`${served.url}/v1/operations/${id}/events`, {
        method,
        headers: { authorization: `Bearer ${admin}` },
        signal: closing.signal,
      });
    for (let i = 0; i < 25; i++) expect((await open("HEAD")).status).toBe(200);
    const streams = await Promise.all(Array.from({ length: 20 }, () => open()));
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    const refused = await open();
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([429, "WT_API_RATE"]);
    await streams[0]!.body!.cancel();
    let status = 429;
    for (let tries = 0; status === 429 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const again = await open();
      status = again.status;
    }
    expect(status).toBe(200);
    closing.abort();
  });
});
