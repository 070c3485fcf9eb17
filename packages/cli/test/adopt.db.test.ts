// `locations adopt` asks for what was typed: references go into the catalog, and nothing that is a secret itself.
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CatalogDatabase, catalogDatabase } from "../../control/test/catalog-database.ts";
import { capture, type Captured } from "./support/capture.ts";

describeServers((server) => {
  let catalog: CatalogDatabase;
  let env: Record<string, string>;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    env = { DATABASE_URL: catalog.url.control, CELL: "postgres://nobody@127.0.0.1:1/postgres" };
  });
  afterAll(() => catalog.close());
  const wt = (...line: string[]): Promise<Captured> => capture(line, { env });

  test("adopts by references", async () => {
    const passwords = ["--app-password", "env:APP_PASSWORD", "--readonly-password", "env:READONLY_PASSWORD"];
    expect((await wt("locations", "adopt", "app", "--cell", "eu-1")).exitCode).toBe(2);
    const line = ["locations", "adopt", "app", "--cell", "eu-1", ...passwords, "--no-wait", "--json"];
    expect((await wt(...line, "--release", "two")).exitCode).toBe(2);
    const asked = await wt(...line, "--key", "env:WATERTIGHT_KEY", "--release", "2");
    expect([asked.exitCode, asked.err]).toEqual([0, ""]);
    expect(asked.json().operation).toMatchObject({
      kind: "pool.adopt",
      subject: "database:eu-1:app",
      input: {
        cell: "eu-1",
        database: "app",
        service: "main",
        rwSecret: "env:APP_PASSWORD",
        roSecret: "env:READONLY_PASSWORD",
        keySecret: "env:WATERTIGHT_KEY",
        release: 2,
      },
    });
    expect((await wt("locations", "adopt", "app", "--cell", "eu-1", ...passwords, "--no-wait")).exitCode).not.toBe(0);
  });

  test("a password in place of a reference is refused before it is written down", async () => {
    const passwords = ["--app-password", "hunter2-in-clear", "--readonly-password", "env:READONLY_PASSWORD"];
    const refused = await wt("locations", "adopt", "other", "--cell", "eu-1", ...passwords, "--no-wait");
    expect([refused.exitCode, refused.err.includes("WT_SECRET")]).toEqual([3, true]);
    expect(refused.err + refused.out).not.toContain("hunter2-in-clear");
    const { rows } = await catalog.db.admin.query(
      "select count(*)::int as n from watertight_catalog.operation where input::text like '%hunter2%'",
    );
    expect(rows[0].n).toBe(0);
  });
});
