/** The HTTP API over a real catalog: who may do what, versions, repeated requests, pages, operations and their stream, problems. */
import { describeServers } from "@watertight/testkit";
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { oidcVerifier } from "../../src/access/oidc.ts";
import { type AccessRole, accessRoles } from "../../src/access/roles.ts";
import { createToken, revokeToken } from "../../src/access/tokens.ts";
import { insertTenants } from "../../src/catalog/tenants.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { createApi } from "../../src/http/api.ts";
import { serveApi } from "../../src/http/serve-api.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { runOperation } from "../../src/operations/run-operation.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "test" };
const done: string[] = [];
const kind = (name: string, fourEyes: boolean): [string, OperationKind<never>] => [
  name,
  {
    kind: name,
    fourEyes,
    parse: (input: Record<string, unknown>) => input,
    subject: ({ thing }: { thing: string }) => `thing:${thing}`,
    steps: ({ thing }: { thing: string }) => [
      { name: "do", observe: async () => done.includes(thing), act: async () => void done.push(thing) },
    ],
  } as unknown as OperationKind<never>,
];
const kinds = new Map([kind("thing.make", false), kind("thing.delete", true)]);

describeServers((server) => {
  let catalog: CatalogDatabase;
  let api: ReturnType<typeof createApi>;
  const tokens = new Map<AccessRole, string>();
  const logged: Error[] = [];

  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    for (const role of accessRoles) tokens.set(role, (await createToken(catalog.pool, actor, role, [role])).token);
    await inTransaction(catalog.pool, (tx) =>
      insertTenants(
        tx,
        actor,
        Array.from({ length: 5 }, (_, i) => ({ id: `t-${i}`, slug: `slug-${i}`, name: `Tenant ${i}` })),
      ),
    );
    api = createApi({ pool: catalog.pool, kinds, log: (error) => logged.push(error) });
  });
  afterAll(() => catalog.close());

  const call = async (
    role: AccessRole | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await api.request(path, {
      method,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      headers: {
        ...(role === undefined ? {} : { authorization: `Bearer ${tokens.get(role)}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : undefined,
    };
  };

  describe("who may do what", () => {
    const open = ["/healthz", "/readyz", "/openapi.json"];
    test.each(open)("%s needs no caller", async (path) => {
      expect((await call(undefined, "GET", path)).status).toBe(200);
    });

    test("every other route of the document refuses who is not known, and whose token is wrong", async () => {
      const { json } = await call(undefined, "GET", "/openapi.json");
      const all = Object.entries(json.paths as Record<string, Record<string, { security?: unknown[] }>>).flatMap(
        ([path, methods]) =>
          Object.entries(methods).map(([method, { security }]) => ({
            open: security?.length === 0,
            route: [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "x")] as const,
          })),
      );
      expect(all.filter((each) => each.open).map(({ route }) => route)).toEqual([["POST", "/v1/sessions"]]);
      const routes = all.filter((each) => !each.open).map(({ route }) => route);
      expect(routes.length).toBeGreaterThanOrEqual(17);
      const valid = tokens.get("admin") as string;
      const wrong = [
        undefined,
        "wt_x",
        `${valid.slice(0, -1)}${valid.endsWith("A") ? "B" : "A"}`,
        `${valid}x`,
        "eyJhbGciOiJub25lIn0.e30.",
      ];
      for (const [method, path] of [
        ...routes,
        ["GET", "/metrics"] as const,
        ["GET", "/v1/operations/x/events"] as const,
      ])
        for (const token of wrong) {
          const response = await api.request(path, {
            method,
            headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
          });
          expect([method, path, token, response.status]).toEqual([method, path, token, 401]);
          expect(response.headers.get("content-type")).toBe("application/problem+json");
        }
    });

    test.each([
      ["viewer", "GET", "/v1/tenants", 200],
      ["viewer", "GET", "/metrics", 200],
      ["viewer", "PATCH", "/v1/tenants/t-0", 403],
      ["viewer", "POST", "/v1/operations", 403],
      ["viewer", "GET", "/v1/audit/verify", 403],
      ["auditor", "GET", "/v1/audit/verify", 200],
      ["auditor", "POST", "/v1/tokens", 403],
      ["approver", "POST", "/v1/operations", 403],
      ["operator", "POST", "/v1/operations/op_x/approve", 403],
      ["admin", "POST", "/v1/operations/op_x/approve", 403],
      ["operator", "POST", "/v1/tokens", 403],
    ] as const)("%s %s %s -> %i", async (role, method, path, status) => {
      const { status: got, json } = await call(role, method, path, method === "GET" ? undefined : {});
      expect(got).toBe(status);
      if (status === 403) expect(json).toMatchObject({ code: "WT_API_FORBIDDEN", requestId: expect.any(String) });
    });

    test("a token ends when it is revoked, and when its time is over", async () => {
      const { id, token } = await createToken(catalog.pool, actor, "short", ["viewer"], 1);
      const get = async () =>
        (await api.request("/v1/cells", { headers: { authorization: `Bearer ${token}` } })).status;
      expect(await get()).toBe(200);
      await catalog.db.admin.query("update watertight_catalog.api_token set expires_at = now() where id = $1", [id]);
      expect(await get()).toBe(401);
      await catalog.db.admin.query(
        "update watertight_catalog.api_token set expires_at = now() + interval '1 h' where id = $1",
        [id],
      );
      expect(await get()).toBe(200);
      await revokeToken(catalog.pool, actor, id);
      expect(await get()).toBe(401);
      const { rows } = await catalog.db.admin.query(
        "select encode(hash, 'escape') || name as text from watertight_catalog.api_token where id = $1",
        [id],
      );
      expect(rows[0].text).not.toContain(token.slice(token.indexOf("_", 3) + 1));
    });

    test("an identity provider's token is judged by its keys, issuer, audience, time and roles", async () => {
      const { privateKey, publicKey } = await generateKeyPair("ES256");
      const other = await generateKeyPair("ES256");
      const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: "ES256" }] });
      const verify = oidcVerifier({
        issuer: "https://id.example",
        audience: "watertight",
        keys,
        roles: { ops: "operator" },
      });
      const sign = (claims: Record<string, unknown>, key = privateKey, exp = "5m") =>
        new SignJWT({ iss: "https://id.example", aud: "watertight", sub: "ada", ...claims })
          .setProtectedHeader({ alg: "ES256" })
          .setExpirationTime(exp)
          .sign(key);
      expect(await verify(await sign({ roles: ["ops", "admin"] }))).toEqual({
        name: "https://id.example#ada",
        roles: ["operator"],
      });
      for (const bad of [
        await sign({ roles: ["ops"] }, other.privateKey),
        await sign({ iss: "https://evil.example" }),
        await sign({ aud: "other" }),
        await sign({}, privateKey, "-5m"),
        await sign({ sub: "" }),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
      ])
        expect(await verify(bad)).toBeUndefined();
      const withOidc = createApi({ pool: catalog.pool, kinds, verifiers: [verify] });
      const status = async (roles: string[]) =>
        (await withOidc.request("/v1/tenants", { headers: { authorization: `Bearer ${await sign({ roles })}` } }))
          .status;
      expect(await status(["ops"])).toBe(200);
      expect(await status(["admin"])).toBe(403);
    });
  });

  test("lists come in pages, and the last one says so", async () => {
    const seen: string[] = [];
    let path: string | undefined = "/v1/tenants?limit=2";
    while (path !== undefined) {
      const { json, headers } = await call("viewer", "GET", path);
      seen.push(...(json as { slug: string }[]).map(({ slug }) => slug));
      path = /^<([^>]+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual(["slug-0", "slug-1", "slug-2", "slug-3", "slug-4"]);
    // places are those of one service: of another one these tenants have none
    const modelsOf = async (query: string) =>
      ((await call("viewer", "GET", `/v1/tenants${query}`)).json as { model: string | null }[]).map(
        ({ model }) => model,
      );
    expect(await modelsOf("?service=nobody")).toEqual([null, null, null, null, null]);
    expect(await modelsOf("?service=main")).toEqual(await modelsOf(""));
    expect((await call("viewer", "GET", "/v1/tenants?limit=0")).json).toMatchObject({
      status: 422,
      errors: [{ pointer: "/limit" }],
    });
    expect((await call("viewer", "GET", "/v1/tenants/nobody")).json).toMatchObject({
      status: 404,
      code: "WT_CATALOG_NOT_FOUND",
    });
  });

  test("who changes says what was read", async () => {
    const { headers } = await call("viewer", "GET", "/v1/tenants/slug-1");
    const etag = headers.get("etag") as string;
    expect((await call("operator", "PATCH", "/v1/tenants/t-1", { name: "New" })).status).toBe(428);
    const changed = await call("operator", "PATCH", "/v1/tenants/t-1", { name: "New" }, { "if-match": etag });
    expect([changed.status, changed.json.name, changed.headers.get("etag") === etag]).toEqual([200, "New", false]);
    expect(
      (await call("operator", "PATCH", "/v1/tenants/t-1", { name: "Late" }, { "if-match": etag })).json,
    ).toMatchObject({ status: 412, code: "WT_CATALOG_STALE" });
    expect(
      (
        await call(
          "operator",
          "PATCH",
          "/v1/tenants/t-1",
          { state: "active" },
          { "if-match": changed.headers.get("etag") as string },
        )
      ).status,
    ).toBe(422);
    expect((await call("operator", "PATCH", "/v1/tenants/t-1", "{", { "if-match": etag })).json).toMatchObject({
      status: 422,
      code: "WT_API_INPUT",
    });
  });

  test("a cell's reference goes in and never comes out", async () => {
    const cell = { id: "eu-1", host: "10.0.0.1", port: 5432, adminSecret: "env:VERY_SECRET_NAME" };
    const made = await call("operator", "POST", "/v1/cells", cell);
    expect([made.status, made.headers.get("location")]).toEqual([201, "/v1/cells/eu-1"]);
    const changed = await call(
      "operator",
      "PATCH",
      "/v1/cells/eu-1",
      { state: "draining" },
      { "if-match": made.headers.get("etag") as string },
    );
    expect(changed.json).toMatchObject({ state: "draining", maxDatabases: 1000 });
    for (const { text } of [made, changed, await call("viewer", "GET", "/v1/cells")])
      expect(text).not.toContain("VERY_SECRET_NAME");
    expect((await call("operator", "POST", "/v1/cells", cell)).json).toMatchObject({
      status: 409,
      code: "WT_CATALOG_DUPLICATE",
    });
    for (const adminSecret of ["postgres://a:b@c/d", "host:x password=y", "plain"]) {
      const refused = await call("operator", "POST", "/v1/cells", { ...cell, id: "eu-2", adminSecret });
      expect([adminSecret, refused.status]).toEqual([adminSecret, 422]);
      expect(refused.text).not.toContain(adminSecret);
      await expect(
        catalog.pool.query(
          "insert into watertight_catalog.cell (id, host, port, admin_secret) values ('eu-2', 'h', 1, $1)",
          [adminSecret],
        ),
      ).rejects.toMatchObject({ code: "23514" });
    }
  });

  test("a repeated request gets the first answer, and the work is done once", async () => {
    const ask = (thing: string, key = "key-1", role: AccessRole = "operator") =>
      call(role, "POST", "/v1/operations", { kind: "thing.make", input: { thing } }, { "idempotency-key": key });
    const first = await ask("once");
    expect([first.status, first.headers.get("location")]).toEqual([202, `/v1/operations/${first.json.id}`]);
    const again = await ask("once");
    expect([again.status, again.json.id, again.headers.get("idempotent-replayed")]).toEqual([
      202,
      first.json.id,
      "true",
    ]);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect((await ask("other")).json).toMatchObject({ status: 422, code: "WT_API_IDEMPOTENCY" });
    // a key is its caller's own
    expect((await ask("other", "key-1", "admin")).status).toBe(202);
    await catalog.db.admin.query("update watertight_catalog.idempotency set status = null where key = 'key-1'");
    expect((await ask("once")).json).toMatchObject({ status: 409, code: "WT_API_IDEMPOTENCY" });
    const all = await Promise.all(Array.from({ length: 8 }, () => ask("at once", "key-2")));
    expect(new Set(all.flatMap(({ status, json }) => (status === 202 ? [json.id] : []))).size).toBe(1);
  });

  test("an operation is asked for, watched, and approved by a second person", async () => {
    const asked = await call("operator", "POST", "/v1/operations", {
      kind: "thing.delete",
      input: { thing: "watched" },
    });
    expect(asked.json).toMatchObject({ state: "waiting_approval", requestedBy: "token:operator" });
    const path = asked.headers.get("location") as string;
    expect(
      (await call("operator", "POST", "/v1/operations", { kind: "thing.delete", input: { thing: "watched" } })).json,
    ).toMatchObject({ code: "WT_OPERATION_BUSY" });
    const both = await createToken(catalog.pool, actor, "both", ["operator", "approver"]);
    const own = await api.request("/v1/operations", {
      method: "POST",
      body: JSON.stringify({ kind: "thing.delete", input: { thing: "own" } }),
      headers: { authorization: `Bearer ${both.token}`, "content-type": "application/json" },
    });
    const ownPath = own.headers.get("location") as string;
    const approved = await api.request(`${ownPath}/approve`, {
      method: "POST",
      headers: { authorization: `Bearer ${both.token}` },
    });
    expect([approved.status, ((await approved.json()) as { code: string }).code]).toEqual([
      403,
      "WT_OPERATION_APPROVAL",
    ]);
    expect((await call("approver", "POST", `${path}/approve`)).json).toMatchObject({
      state: "pending",
      approvedBy: "token:approver",
    });
    const stream = api.request(`${path}/events`, { headers: { authorization: `Bearer ${tokens.get("viewer")}` } });
    await runOperation(
      { catalog: catalog.pool, kinds, worker: "test", signal: new AbortController().signal, failpoint: () => {} },
      asked.json.id as string,
    );
    const text = await (await stream).text();
    expect([...text.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event)).toEqual([
      "waiting_approval",
      "approved",
      "step_started",
      "step_done",
      "succeeded",
    ]);
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id as string);
    const rest = await call("viewer", "GET", `${path}/events`, undefined, { "last-event-id": ids[2] as string });
    expect([...rest.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id)).toEqual(ids.slice(3));
    expect((await call("viewer", "GET", path)).json).toMatchObject({
      state: "succeeded",
      steps: [{ name: "do", state: "done" }],
    });
    expect((await call("operator", "POST", `${path}/cancel`)).json).toMatchObject({
      status: 409,
      code: "WT_OPERATION_STATE",
    });
    expect((await call("operator", "POST", "/v1/operations", { kind: "nothing", input: {} })).json).toMatchObject({
      code: "WT_CATALOG_INPUT",
    });
  });

  test("metrics name no tenant", async () => {
    const { text } = await call("viewer", "GET", "/metrics");
    expect(text).toMatch(/^watertight_tenants\{state="provisioning",model="none",cell="none"\} 5$/m);
    expect(text).toMatch(
      /^watertight_operation_duration_seconds\{kind="thing.delete",result="succeeded",quantile="0.95"\} \d/m,
    );
    expect(text).not.toMatch(/slug-|t-\d/);
  });

  test("whoever asks too often waits", async () => {
    const strict = createApi({ pool: catalog.pool, kinds, requestsPerMinute: 3 });
    const get = async (role: AccessRole) =>
      await strict.request("/v1/cells", { headers: { authorization: `Bearer ${tokens.get(role)}` } });
    expect([(await get("viewer")).status, (await get("viewer")).status, (await get("viewer")).status]).toEqual([
      200, 200, 200,
    ]);
    const fourth = await get("viewer");
    expect([fourth.status, ((await fourth.json()) as { code: string }).code]).toEqual([429, "WT_API_RATE"]);
    expect(Number(fourth.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await get("auditor")).status).toBe(200);
  });

  test("is served on loopback, and ends", async () => {
    const served = await serveApi(api, { port: 0 });
    expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
    await expect(serveApi(api, { port: Number(new URL(served.url).port) })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    await served.close();
    await expect(fetch(`${served.url}/healthz`)).rejects.toThrow("fetch failed");
  });

  test("what goes wrong here is told by its id, and nothing of it is shown", async () => {
    const broken = createApi({
      pool: { connect: () => Promise.reject(new Error("password=hunter2 at 10.0.0.1")) },
      kinds,
      log: (error) => logged.push(error),
    });
    const response = await broken.request("/v1/tenants", {
      headers: { authorization: `Bearer ${tokens.get("viewer")}`, "x-request-id": "abc" },
    });
    const text = await response.text();
    expect([response.status, response.headers.get("x-request-id")]).toEqual([500, "abc"]);
    expect(JSON.parse(text)).toMatchObject({ code: "WT_UNEXPECTED", requestId: "abc" });
    expect(text).not.toContain("hunter2");
    expect((await broken.request("/readyz")).status).toBe(503);
    expect((await call("viewer", "GET", "/nowhere")).json).toMatchObject({ status: 404, code: "WT_API_NOT_FOUND" });
    expect((await call("operator", "POST", "/v1/operations", "x".repeat(1024 * 1024 + 1))).status).toBe(422);
  });
});
