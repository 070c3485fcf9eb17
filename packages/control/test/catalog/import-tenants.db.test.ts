/** Tenants of an application's own table come into the catalog once, with slugs that are theirs alone. */
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addCell } from "../../src/catalog/cells.ts";
import { importTenants, plainSlug, slugOf, tenantsOfTable } from "../../src/catalog/import-tenants.ts";
import { ensureLocation, setLocationState } from "../../src/catalog/placements.ts";
import { getTenant, listTenants } from "../../src/catalog/tenants.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "test" };

describe("slugs", () => {
  test.each([
    ["Müller & Söhne GmbH", /^muller-sohne-gmbh-[0-9a-z]{13}$/],
    ["  ", /^tenant-[0-9a-z]{13}$/],
    ["株式会社", /^tenant-[0-9a-z]{13}$/],
    [`x"; drop table t; --`, /^x-drop-table-t-[0-9a-z]{13}$/],
    ["a".repeat(500), /^a{40}-[0-9a-z]{13}$/],
  ])("of %s", (name, slug) => {
    expect(slugOf(name, "1")).toMatch(slug);
    expect(slugOf(name, "1")).toBe(`${plainSlug(name)}${slugOf(name, "1").slice(-14)}`);
    expect(slugOf(name, "1")).not.toBe(slugOf(name, "2"));
  });
});

describeServers((server) => {
  let catalog: CatalogDatabase;
  let app: TestDatabase;
  const from = { table: "public.organizations", id: "id", name: "name" };
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    app = await createDatabase(server);
    await app.admin.query(
      "create table organizations (id int primary key, name text); insert into organizations select i, 'Org ' || i % 100 from generate_series(1, 4500) i",
    );
    await addCell(catalog.pool, actor, { id: "eu-1", host: "127.0.0.1", port: server.port, adminSecret: "env:X" });
    await inTransaction(catalog.pool, (tx) =>
      ensureLocation(tx, actor, {
        id: "loc_pool",
        cell: "eu-1",
        model: "pool",
        database: "app",
        schema: null,
        rwRole: "rw",
        roRole: "ro",
        rwSecret: "env:RW",
        roSecret: "env:RO",
        keySecret: null,
      }),
    );
  });
  afterAll(async () => {
    await app.drop();
    await catalog.close();
  });
  const importAll = () => importTenants(catalog.pool, actor, tenantsOfTable(app.admin, from), { location: "loc_pool" });

  test("a place that is not ready takes nobody", async () => {
    await expect(importAll()).rejects.toMatchObject({ code: "WT_CATALOG_STATE" });
    await expect(
      importTenants(catalog.pool, actor, [{ id: "1", name: "x" }], { location: "nowhere" }),
    ).rejects.toMatchObject({
      code: "WT_CATALOG_NOT_FOUND",
    });
    await inTransaction(catalog.pool, (tx) => setLocationState(tx, actor, "loc_pool", "ready"));
  });

  test("all come in, once, and who is new comes later", async () => {
    expect(await importAll()).toEqual({ read: 4500, added: 4500, known: 0 });
    expect(await importAll()).toEqual({ read: 4500, added: 0, known: 4500 });
    await app.admin.query(
      "insert into organizations values (9999, null); update organizations set name = 'Renamed' where id = 1",
    );
    expect(await importAll()).toEqual({ read: 4501, added: 1, known: 4500 });
    expect(await getTenant(catalog.db.admin, "1")).toMatchObject({ name: "Org 1", state: "active" });
    // the first of a name has the plain slug, the others letters of their ids as well; ids are read in the order of their texts
    expect(await getTenant(catalog.db.admin, "1")).toMatchObject({ slug: "org-1" });
    expect((await getTenant(catalog.db.admin, "101")).slug).toBe(slugOf("Org 1", "101"));
    expect(await getTenant(catalog.db.admin, "9999")).toMatchObject({ name: "9999" });
    expect(await listTenants(catalog.pool, { model: "pool", limit: 3 })).toHaveLength(3);
  });

  test("a slug of another tenant is refused, and nothing of the batch stays", async () => {
    const { slug } = await getTenant(catalog.db.admin, "1");
    const pair = [
      { id: "new-1", name: "New", slug: "new-1" },
      { id: "new-2", name: "New", slug },
    ];
    await expect(importTenants(catalog.pool, actor, pair, { location: "loc_pool" })).rejects.toMatchObject({
      code: "WT_CATALOG_DUPLICATE",
    });
    await expect(getTenant(catalog.db.admin, "new-1")).rejects.toMatchObject({ code: "WT_CATALOG_NOT_FOUND" });
  });
});
