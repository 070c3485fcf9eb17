/** Routes of the catalog under a real tenant pool: two places, a change that is told, a catalog that is away, ids that nobody has. */
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { tenantPool } from "@watertight/runtime/pg";
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { addCell } from "../../src/catalog/cells.ts";
import {
  activatePlacement,
  ensureLocation,
  prepareTenantPlacement,
  retirePlacement,
} from "../../src/catalog/placements.ts";
import { insertTenants, moveTenantState } from "../../src/catalog/tenants.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { type CatalogRoutes, catalogRoutes } from "../../src/routes/catalog-routes.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "test" };

describeServers((server) => {
  let catalog: CatalogDatabase;
  let places: TestDatabase[];
  let routes: CatalogRoutes;
  const secrets = {
    async read(reference: string): Promise<string> {
      const [, kind, index] = /^env:(KEY|PASSWORD)_(\d)$/.exec(reference) ?? [];
      const place = places[Number(index)] as TestDatabase;
      return kind === "KEY" ? place.key : decodeURIComponent(new URL(place.appUrl).password) || "unused";
    },
  };
  const eventually = async (check: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 200; tries++) {
      if (await check()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error("it never came");
  };

  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    places = [
      await createDatabase(server, { kit: { level: "sealed" } }),
      await createDatabase(server, { kit: { level: "sealed" } }),
    ];
    await addCell(catalog.pool, actor, {
      id: "eu-1",
      host: "127.0.0.1",
      port: server.port,
      adminSecret: "env:CELL_EU_1",
    });
    await inTransaction(catalog.pool, async (tx) => {
      await insertTenants(tx, actor, [
        { id: "acme", slug: "acme", name: "Acme" },
        { id: "globex", slug: "globex", name: "Globex" },
      ]);
      for (const [at, place] of places.entries()) {
        await ensureLocation(tx, actor, {
          id: `loc_${at}`,
          cell: "eu-1",
          model: "pool",
          database: place.name,
          schema: null,
          rwRole: place.roles.app,
          roRole: place.roles.readonly,
          rwSecret: `env:PASSWORD_${at}`,
          roSecret: `env:PASSWORD_${at}`,
          keySecret: `env:KEY_${at}`,
        });
        const tenant = ["acme", "globex"][at] as string;
        await place.admin.query("select watertight.register_tenant($1)", [tenant]);
        await prepareTenantPlacement(tx, tenant, "main", `loc_${at}`);
        await activatePlacement(tx, actor, { tenant, service: "main", location: `loc_${at}`, schemaVersion: 0 });
        await moveTenantState(tx, actor, tenant, ["provisioning"], "active");
      }
    });
    routes = catalogRoutes({ url: catalog.url.router, secrets });
  });
  afterAll(async () => {
    await routes.close();
    for (const place of places) await place.drop();
    await catalog.close();
  });

  test("a pool serves each tenant where it is", async () => {
    const pool = tenantPool(pg, {
      connectionString: places[0]!.appUrl,
      key: places[0]!.key,
      tenantIdType: "text",
      routes,
      max: 2,
    });
    onTestFinished(() => pool.end());
    const where = async (tenant: string): Promise<unknown> =>
      (await pool.for(tenant).query("select current_database() as name")).rows[0]!["name"];
    expect(await where("acme")).toBe(places[0]!.name);
    expect(await where("globex")).toBe(places[1]!.name);
    await expect(where("nobody")).rejects.toMatchObject({ code: "WT_CATALOG_NOT_FOUND" });
  });

  test("asks once, whoever calls at once, and remembers that there is nobody", async () => {
    const fresh = catalogRoutes({ url: catalog.url.router, secrets });
    onTestFinished(() => fresh.close());
    // the listener's first word empties what is known: wait for it
    await fresh.locate("acme");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await fresh.locate("acme");
    const { asked } = fresh.stats();
    await Promise.all(Array.from({ length: 50 }, () => fresh.locate("acme")));
    await Promise.allSettled(Array.from({ length: 50 }, () => fresh.locate("made up")));
    for (let i = 0; i < 5; i++)
      await expect(fresh.locate("made up")).rejects.toMatchObject({ code: "WT_CATALOG_NOT_FOUND" });
    expect(fresh.stats().asked).toBe(asked + 1);
  });

  test("made-up ids push out nobody who is known, and what cannot be an id is not asked for", async () => {
    const small = catalogRoutes({ url: catalog.url.router, secrets, most: 2 });
    onTestFinished(() => small.close());
    await small.locate("acme");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await small.locate("acme");
    for (let i = 0; i < 10; i++) await small.locate(`made up ${i}`).catch(() => {});
    const { asked } = small.stats();
    expect((await small.locate("acme")).id).toBe("loc_0");
    for (const id of ["x".repeat(201), "a\0"])
      await expect(small.locate(id)).rejects.toMatchObject({ code: "WT_CATALOG_NOT_FOUND" });
    expect(small.stats().asked).toBe(asked);
  });

  test("serves whom it knows while a store of secrets is away, and says so for others", async () => {
    let away = false;
    const store = {
      read: (reference: string) =>
        away ? Promise.reject(Object.assign(new Error("sealed"), { code: "WT_SECRET" })) : secrets.read(reference),
    };
    const failed: string[] = [];
    const sealed = catalogRoutes({
      url: catalog.url.router,
      secrets: store,
      failed: (error) => failed.push(error.message),
    });
    onTestFinished(() => sealed.close());
    await sealed.locate("acme");
    away = true;
    expect((await sealed.locate("acme", { refresh: true })).id).toBe("loc_0");
    expect(failed).toContain("sealed");
    await expect(sealed.locate("globex")).rejects.toMatchObject({ code: "WT_SECRET" });
  });

  test("is told of a change, and knows who is not served any more", async () => {
    expect((await routes.locate("globex")).id).toBe("loc_1");
    await inTransaction(catalog.pool, async (tx) => {
      await retirePlacement(tx, actor, "globex", "main", "loc_1");
      await prepareTenantPlacement(tx, "globex", "main", "loc_0");
      await activatePlacement(tx, actor, { tenant: "globex", service: "main", location: "loc_0", schemaVersion: 0 });
    });
    await eventually(async () => (await routes.locate("globex")).id === "loc_0");
    await inTransaction(catalog.pool, (tx) => moveTenantState(tx, actor, "globex", ["active"], "archived"));
    await eventually(async () => (await routes.locate("globex").catch(() => undefined)) === undefined);
    // somebody who did not exist a moment ago is found as soon as it does
    await inTransaction(catalog.pool, (tx) => moveTenantState(tx, actor, "globex", ["archived"], "active"));
    await eventually(async () => (await routes.locate("globex").catch(() => undefined)) !== undefined);
  });

  test("serves whom it knows while the catalog is away, and says so for others", async () => {
    const failed: string[] = [];
    const lonely = catalogRoutes({ url: catalog.url.router, secrets, failed: (error) => failed.push(error.message) });
    onTestFinished(() => lonely.close());
    await lonely.locate("acme");
    const { name } = catalog.db;
    const other = (places[0] as TestDatabase).admin;
    await other.query(`alter database "${name}" with allow_connections false`);
    await catalog.db.admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    onTestFinished(() => other.query(`alter database "${name}" with allow_connections true`).then(() => {}));
    expect((await lonely.locate("acme")).id).toBe("loc_0");
    // also when a place said that the tenant is not there: what is known is all there is
    expect((await lonely.locate("acme", { refresh: true })).id).toBe("loc_0");
    expect(lonely.stats().away).toBeGreaterThan(0);
    await expect(lonely.locate("never asked for")).rejects.toMatchObject({
      code: "WT_CATALOG_UNREACHABLE",
      retryable: true,
    });
    expect(failed.length).toBeGreaterThan(0);
    await other.query(`alter database "${name}" with allow_connections true`);
    await eventually(async () => (await lonely.locate("globex").catch(() => undefined)) !== undefined);
  });
});
