/** What repeated requests leave behind: no token in clear, and no refusal that outlives its reason. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createToken } from "../../src/access/tokens.ts";
import { createApi } from "../../src/http/api.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const kind = {
  kind: "thing",
  parse: (input: Record<string, unknown>) => input,
  subject: () => "thing:one",
  steps: () => [],
} as unknown as OperationKind<never>;

describeServers((server) => {
  let catalog: CatalogDatabase;
  let api: ReturnType<typeof createApi>;
  let admin: string;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    admin = (await createToken(catalog.pool, { name: "test" }, "admin", ["admin"])).token;
    api = createApi({ pool: catalog.pool, kinds: new Map([[kind.kind, kind]]) });
  });
  afterAll(() => catalog.close());

  const post = async (path: string, key: string, body: unknown) => {
    const response = await api.request(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${admin}`, "content-type": "application/json", "idempotency-key": key },
    });
    return { status: response.status, json: (await response.json()) as Record<string, string> };
  };

  test("a token that was shown once is not kept for whoever reads the catalog, nor made twice", async () => {
    const ask = () => post("/v1/tokens", "make", { name: "new", roles: ["viewer"] });
    const first = await ask();
    expect(first.status).toBe(201);
    const again = await ask();
    expect(again).toMatchObject({ status: 409, json: { code: "WT_API_IDEMPOTENCY" } });
    const { rows } = await catalog.db.admin.query("select i::text as kept from watertight_catalog.idempotency i");
    expect(rows).toHaveLength(1);
    // wt_<id>_<secret>, and a secret may hold a _ of its own
    const token = first.json["token"] as string;
    expect(rows[0].kept).not.toContain(token.slice(token.indexOf("_", 3) + 1));
    expect(rows[0].kept).not.toContain(first.json["token"]);
  });

  test("a refusal is not repeated after its reason is gone", async () => {
    const busy = await post("/v1/operations", "first", { kind: "thing", input: {} });
    expect(busy.status).toBe(202);
    const ask = () => post("/v1/operations", "second", { kind: "thing", input: {} });
    expect(await ask()).toMatchObject({ status: 409, json: { code: "WT_OPERATION_BUSY" } });
    await post(`/v1/operations/${busy.json["id"]}/cancel`, "third", {});
    expect((await ask()).status).toBe(202);
  });
});
