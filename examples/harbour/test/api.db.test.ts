// The shipped API on a real server: what an honest user gets, and that refusals tell nothing.
import { randomUUID } from "node:crypto";
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { generate } from "../src/data/generate.ts";
import { clusterOn } from "../src/database/cluster.ts";
import type { Cluster } from "../src/database/cluster.ts";
import { buildTemplate, installSite } from "../src/database/install.ts";
import type { Site } from "../src/database/site.ts";
import { honestDay } from "../src/day/honest-day.ts";
import { apiClient, bodyOf } from "../src/intruder/scene.ts";
import { logInAll } from "../src/run/act.ts";
import type { Tokens } from "../src/run/act.ts";
import { castOf } from "../src/run/cast.ts";
import { startHarbour } from "../src/server/start-harbour.ts";
import type { Harbour } from "../src/server/serve-harbour.ts";

const dataset = generate({ seed: "api", tenants: 3, invoices: 90 });
const cast = castOf(dataset, 0, 1);

describeServers((server) => {
  let cluster: Cluster;
  let site: Site;
  let harbour: Harbour;
  let tokens: Tokens;
  beforeAll(async () => {
    cluster = clusterOn(server, true);
    site = await installSite(cluster, await buildTemplate(cluster, dataset), "api", "sealed");
    harbour = await startHarbour(site);
    tokens = await logInAll(harbour, cast);
  });
  afterAll(async () => {
    await harbour?.close();
    await cluster?.close();
  });

  it("serves an honest day of both tenants", async () => {
    for (const [token, company] of [
      [tokens.honest, cast.a],
      [tokens.victim, cast.b],
    ] as const) {
      expect(await honestDay(harbour.url, token, company.code)).toMatchObject({ failed: [], foreignRows: 0 });
    }
  });

  it("answers a foreign id, a missing id and no id with the same bytes", async () => {
    const api = apiClient(harbour.url, tokens.honest);
    const bodies = new Set<string>();
    for (const id of [cast.targets.invoices[0]!, randomUUID(), "not-an-id"]) {
      const reply = await api.get(`/v1/invoices/${id}`);
      expect(reply.status).toBe(404);
      expect(reply.text).toContain("application/problem+json");
      expect(bodyOf(reply)).toMatchObject({ status: 404, code: "not-found" });
      bodies.add(JSON.stringify({ ...bodyOf(reply), instance: "" }));
    }
    expect(bodies.size).toBe(1);
  });

  it("lets no shared cache keep a reply", async () => {
    const api = apiClient(harbour.url, tokens.honest);
    for (const path of ["/v1/invoices", "/v1/invoices/nothing", "/v1/nothing"]) {
      expect((await api.get(path)).text).toMatch(/cache-control: private, no-store/);
    }
  });

  it("refuses everybody without a token, a wrong password, and members of other tenants", async () => {
    const reply = await fetch(`${harbour.url}/v1/invoices`);
    expect(reply.status).toBe(401);
    const login = (tenant: string, email: string, password: string) =>
      apiClient(harbour.url, "x").post("/v1/login", { tenant, email, password });
    expect((await login(cast.a.slug, cast.a.members[0]!.email, "guess")).status).toBe(401);
    expect((await login(cast.b.slug, cast.a.members[0]!.email, "harbour-demo")).status).toBe(401);
  });

  it("shows the shared templates to everybody and lets nobody change them", async () => {
    const api = apiClient(harbour.url, tokens.honest);
    const names = (bodyOf(await api.get("/v1/templates"))["templates"] as { name: string }[]).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("House: "))).toHaveLength(4);
    for (const statement of [
      "update directory.house_templates set name = 'mine'",
      "delete from directory.house_templates",
    ])
      expect((await api.sql(statement)).status).toBe(403);
  });

  it("reports a foreign id to the operator, within a second", async () => {
    const api = apiClient(harbour.url, tokens.intruder);
    await api.get(`/v1/attachments/${cast.targets.attachment}`);
    const found = await cluster.asAdmin(site.database, async (client) => {
      for (let wait = 0; wait < 10; wait += 1) {
        const { rows } = await client.query(
          "select tenant from watertight.event where kind = 'cross_tenant_probe' and detail->'key'->>'id' = $1",
          [cast.targets.attachment],
        );
        if (rows.length > 0) return rows;
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
      }
      return [];
    });
    expect(found).toEqual([{ tenant: cast.a.id }]);
  });
});
