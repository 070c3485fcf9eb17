// One-time codes: once, for minutes, a few tries, one answer for all that is wrong, never in a URL. Beside each refusal stands that it would have opened.
import { describeServers } from "@watertight/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createOneTimeCode, endOneTimeCode, redeemOneTimeCode } from "../../src/access/one-time-code.ts";
import { readToken } from "../../src/access/tokens.ts";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { createApi } from "../../src/http/api.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "up" };

describeServers((server) => {
  let catalog: CatalogDatabase;
  let api: ReturnType<typeof createApi>;
  beforeEach(async () => {
    catalog = await catalogDatabase(server);
    api = createApi({ pool: catalog.pool, kinds: new Map(), codesPerMinute: 30 });
  });
  afterEach(() => catalog.close());

  const make = () => createOneTimeCode(catalog.pool, actor, ["viewer"]);
  const give = (code: string, path = "/v1/sessions", app = api) =>
    app.request(path, {
      method: "POST",
      body: JSON.stringify({ code }),
      headers: { "content-type": "application/json" },
    });
  const sql = (text: string) => catalog.db.admin.query(text);
  const wrong = (code: string): string => code.slice(0, -1) + (code.endsWith("0") ? "1" : "0");

  test("opens once, for a token with the roles that were meant; the second use is refused", async () => {
    const { code, id } = await make();
    const first = await give(` ${code.toLowerCase().replaceAll("-", " ")}`);
    expect([first.status, first.headers.get("cache-control")]).toEqual([201, "no-store"]);
    const { token, roles } = (await first.json()) as { token: string; roles: string[] };
    expect(roles).toEqual(["viewer"]);
    expect(await readToken(catalog.pool, token)).toMatchObject({ roles: ["viewer"] });
    const tenants = (bearer: string) => api.request("/v1/tenants", { headers: { authorization: `Bearer ${bearer}` } });
    expect((await tenants(token)).status).toBe(200);
    // the code itself is no token
    expect((await tenants(code)).status).toBe(401);
    const second = await give(code);
    expect([second.status, ((await second.json()) as { code: string }).code]).toEqual([401, "WT_API_UNAUTHENTICATED"]);
    await endOneTimeCode(catalog.pool, actor, id);
    expect((await tenants(token)).status).toBe(401);
    expect((await verifyAudit(catalog.db.admin)).valid).toBe(true);
  });

  test("of ten at once one opens", async () => {
    const { code } = await make();
    const given = await Promise.all(Array.from({ length: 10 }, () => redeemOneTimeCode(catalog.pool, code)));
    expect(given.filter((each) => each !== undefined)).toHaveLength(1);
  });

  test("an expired one opens nothing; the same one would have", async () => {
    const { code, id, expiresAt } = await make();
    expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 5 * 60_000 + 5000);
    await sql(
      `update watertight_catalog.one_time_code set expires_at = clock_timestamp() - interval '1 s' where id = '${id}'`,
    );
    expect((await give(code)).status).toBe(401);
    await sql(
      `update watertight_catalog.one_time_code set expires_at = clock_timestamp() + interval '1 min' where id = '${id}'`,
    );
    expect((await give(code)).status).toBe(201);
  });

  test("five wrong tries end one; four do not; every wrong one has the same answer", async () => {
    const [ended, good] = [await make(), await make()];
    const answers = new Set<string>();
    const told = async (code: string): Promise<void> => {
      const { requestId: _, ...answer } = (await (await give(code)).json()) as Record<string, unknown>;
      answers.add(JSON.stringify(answer));
    };
    for (let tries = 0; tries < 5; tries++) await told(wrong(ended.code));
    for (let tries = 0; tries < 4; tries++) await told(wrong(good.code));
    await told(ended.code);
    await told("ZZZZ-ZZZZ-ZZZZ-ZZZZ");
    await told("nonsense");
    expect(answers.size).toBe(1);
    expect((await give(good.code)).status).toBe(201);
  });

  test("never by the URL, and never in clear where it is kept", async () => {
    const { code } = await make();
    expect((await api.request(`/v1/sessions?code=${code}`, { method: "POST" })).status).toBe(422);
    expect((await api.request(`/v1/sessions?code=${code}`)).status).toBe(401);
    const { rows } = await sql("select c::text as row from watertight_catalog.one_time_code c");
    const secret = code.replaceAll("-", "").slice(4);
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify((await sql("select a::text as row from watertight_catalog.audit_log a")).rows)).not.toContain(
      secret,
    );
    const auditor = await catalog.as("auditor");
    await expect(auditor.query("select hash from watertight_catalog.one_time_code")).rejects.toMatchObject({
      code: "42501",
    });
    expect((await give(code)).status).toBe(201);
  });

  test("who tries too often is not asked any more, whatever they give", async () => {
    const strict = createApi({ pool: catalog.pool, kinds: new Map(), codesPerMinute: 3 });
    const { code } = await make();
    for (let tries = 0; tries < 3; tries++) expect((await give("nonsense", "/v1/sessions", strict)).status).toBe(401);
    expect((await give(code, "/v1/sessions", strict)).status).toBe(429);
    expect((await give(code)).status).toBe(201);
  });
});
