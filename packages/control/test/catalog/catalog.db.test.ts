/** The catalog: installed twice, least privilege, constraints that hold, optimistic concurrency, routes and their notifications. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addCell, changeCell } from "../../src/catalog/cells.ts";
import { installCatalog } from "../../src/catalog/install-catalog.ts";
import { activatePlacement, ensureLocation, prepareTenantPlacement } from "../../src/catalog/placements.ts";
import { raiseMinimum, raiseTarget } from "../../src/catalog/services.ts";
import { changeTenant, getTenant, insertTenants, listTenants, moveTenantState } from "../../src/catalog/tenants.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";

const actor = { name: "test" };
const location = (id: string, database: string) => ({
  id,
  cell: "eu-1",
  model: "database" as const,
  database,
  schema: null,
  rwRole: "a_rw",
  roRole: "a_ro",
  rwSecret: "env:RW",
  roSecret: "env:RO",
  keySecret: null,
});
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: { code: string }) => error.code,
  );

describeServers((server) => {
  let catalog: CatalogDatabase;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    await addCell(catalog.pool, actor, {
      id: "eu-1",
      host: "127.0.0.1",
      port: server.port,
      adminSecret: "env:CELL_EU_1",
    });
    await inTransaction(catalog.pool, (tx) =>
      insertTenants(tx, actor, [
        { id: "t-acme", slug: "acme", name: "Acme", hostnames: ["Acme.example"] },
        { id: "t-globex", slug: "globex", name: "Globex" },
      ]),
    );
    await inTransaction(catalog.pool, async (tx) => {
      await ensureLocation(tx, actor, location("loc_a", "a"));
      await ensureLocation(tx, actor, location("loc_b", "b"));
      await prepareTenantPlacement(tx, "t-acme", "main", "loc_a");
      await prepareTenantPlacement(tx, "t-acme", "main", "loc_b");
      await activatePlacement(tx, actor, { tenant: "t-acme", service: "main", location: "loc_a", schemaVersion: 3 });
      await moveTenantState(tx, actor, "t-acme", ["provisioning"], "active");
    });
  });
  afterAll(() => catalog.close());

  test("a second installation changes nothing; an edited file is refused", async () => {
    expect((await installCatalog(catalog.db.admin, { roles: catalog.roles })).applied).toEqual([]);
    await catalog.db.admin.query("update watertight_catalog.migration set checksum = 'x' where number = 2");
    expect(await codeOf(installCatalog(catalog.db.admin, { roles: catalog.roles }))).toBe("WT_CATALOG_EDITED");
    await catalog.db.admin.query("delete from watertight_catalog.migration where number = 2");
    await catalog.db.admin.query(
      "insert into watertight_catalog.migration (number, name, checksum) values (9999, 'x', 'x')",
    );
    expect(await codeOf(installCatalog(catalog.db.admin, { roles: catalog.roles }))).toBe("WT_CATALOG_TOO_NEW");
    await catalog.db.admin.query("delete from watertight_catalog.migration where number = 9999");
  });

  test("a tenant has one active place at most, whoever asks", async () => {
    const second = inTransaction(catalog.pool, (tx) =>
      activatePlacement(tx, actor, { tenant: "t-acme", service: "main", location: "loc_b", schemaVersion: 3 }),
    );
    expect(await codeOf(second)).toBe("WT_CATALOG_DUPLICATE");
  });

  test.each([
    ["a slug twice", { id: "t-2", slug: "acme", name: "Other" }, "WT_CATALOG_DUPLICATE"],
    ["an id twice", { id: "t-acme", slug: "acme-2", name: "Other" }, "WT_CATALOG_DUPLICATE"],
    [
      "a hostname twice",
      { id: "t-3", slug: "acme-3", name: "Other", hostnames: ["ACME.example"] },
      "WT_CATALOG_DUPLICATE",
    ],
    ["quotes", { id: "t-4", slug: `a"; drop table x; --`, name: "Other" }, "WT_CATALOG_INPUT"],
    ["64 letters", { id: "t-5", slug: "a".repeat(64), name: "Other" }, "WT_CATALOG_INPUT"],
    ["a letter that looks like another", { id: "t-6", slug: "аcme", name: "Other" }, "WT_CATALOG_INPUT"],
    ["no name", { id: "t-7", slug: "seven", name: "" }, "WT_CATALOG_INPUT"],
    ["a NUL", { id: "t-8\0", slug: "eight", name: "Other" }, "WT_CATALOG_INPUT"],
  ])("refuses %s, and nothing of it stays", async (_, tenant, code) => {
    expect(await codeOf(inTransaction(catalog.pool, (tx) => insertTenants(tx, actor, [tenant])))).toBe(code);
    expect((await listTenants(catalog.pool)).map(({ slug }) => slug)).toEqual(["acme", "globex"]);
  });

  test("who changes what somebody else has changed is told so", async () => {
    const read = await inTransaction(catalog.pool, (tx) => getTenant(tx, "globex"));
    const changed = await changeTenant(catalog.pool, actor, read.id, read.version, {
      name: "Globex 2",
      metadata: { a: 1 },
    });
    expect(changed).toMatchObject({ name: "Globex 2", metadata: { a: 1 }, tier: "standard" });
    expect(await codeOf(changeTenant(catalog.pool, actor, read.id, read.version, { name: "Globex 3" }))).toBe(
      "WT_CATALOG_STALE",
    );
    expect(await codeOf(changeTenant(catalog.pool, actor, "nobody", "1", { name: "x" }))).toBe("WT_CATALOG_NOT_FOUND");
    expect(await codeOf(changeCell(catalog.pool, actor, "eu-1", "77", { maxSchemas: 5 }))).toBe("WT_CATALOG_STALE");
    expect(await codeOf(changeCell(catalog.pool, actor, "eu-1", "1", { maxSchemas: 0 }))).toBe("WT_CATALOG_INPUT");
    expect(await changeCell(catalog.pool, actor, "eu-1", "1", { maxSchemas: 5 })).toMatchObject({
      maxSchemas: 5,
      maxDatabases: 1000,
    });
  });

  test("lists filter and page", async () => {
    expect(await listTenants(catalog.pool, { state: "active" })).toMatchObject([
      { slug: "acme", model: "database", cell: "eu-1", location: "loc_a", schemaVersion: 3 },
    ]);
    expect((await listTenants(catalog.pool, { limit: 1, after: "acme" })).map(({ slug }) => slug)).toEqual(["globex"]);
    expect(await listTenants(catalog.pool, { behind: 3 })).toEqual([]);
    expect((await listTenants(catalog.pool, { behind: 4 })).map(({ slug }) => slug)).toEqual(["acme"]);
  });

  describe("roles have what their work needs and no more", () => {
    test.each([
      ["router", "select tenant, location from watertight_catalog.route", "done"],
      ["router", "select * from watertight_catalog.tenant", "42501"],
      ["router", "select admin_secret from watertight_catalog.cell", "42501"],
      ["router", "update watertight_catalog.placement set location = 'loc_b'", "42501"],
      ["router", "select * from watertight_catalog.audit_log", "42501"],
      ["auditor", "select * from watertight_catalog.audit_log", "done"],
      ["auditor", "select watertight_catalog.append_audit('a', 'b', 'c', '{}')", "42501"],
      ["auditor", "update watertight_catalog.tenant set state = 'active'", "42501"],
      ["control", "insert into watertight_catalog.audit_log select * from watertight_catalog.audit_log", "42501"],
      ["control", "update watertight_catalog.audit_head set seq = 0", "42501"],
      ["control", "delete from watertight_catalog.tenant", "42501"],
      ["control", "delete from watertight_catalog.operation_event", "42501"],
      ["control", "update watertight_catalog.release set checksum = 'x'", "42501"],
      ["control", "create table watertight_catalog.x ()", "42501"],
    ] as const)("%s: %s -> %s", async (role, text, code) => {
      expect(await codeOf((await catalog.as(role)).query(text))).toBe(code);
    });
  });

  test("changes of a route are told at once, many as one", async () => {
    const router = await catalog.as("router");
    const heard: (string | undefined)[] = [];
    router.on("notification", ({ payload }) => void heard.push(payload));
    await router.query("listen watertight_route");
    await inTransaction(catalog.pool, (tx) => moveTenantState(tx, actor, "t-acme", ["active"], "suspended"));
    await inTransaction(catalog.pool, (tx) => moveTenantState(tx, actor, "t-acme", ["suspended"], "active"));
    await changeCell(catalog.pool, actor, "eu-1", "2", { connectionBudget: 90 });
    await router.query("select 1");
    expect(heard).toEqual(["t-acme", "t-acme", "*"]);
  });

  test("a release and a creation queue on the release row: neither overtakes the other", async () => {
    await raiseTarget(catalog.pool, actor, "main", 4);
    expect(await codeOf(raiseMinimum(catalog.pool, actor, "main", 4))).toBe("WT_CATALOG_STATE");
    // an activation below the minimum waits in its transaction; raising waits for it, and then sees it
    const activating = await catalog.as("control");
    await activating.query("begin");
    await prepareTenantPlacement(activating, "t-globex", "main", "loc_b");
    await activatePlacement(activating, actor, {
      tenant: "t-globex",
      service: "main",
      location: "loc_b",
      schemaVersion: 2,
    });
    await catalog.db.admin.query("update watertight_catalog.placement set schema_version = 4 where tenant = 't-acme'");
    const raising = codeOf(raiseMinimum(catalog.pool, actor, "main", 3));
    await waitingFor(catalog, 1);
    await activating.query("commit");
    expect(await raising).toBe("WT_CATALOG_STATE");
    // the other way round: who activates after the raise is refused
    await catalog.db.admin.query(
      "update watertight_catalog.placement set state = 'incoming' where tenant = 't-globex'",
    );
    await raiseMinimum(catalog.pool, actor, "main", 3);
    const late = inTransaction(catalog.pool, (tx) =>
      activatePlacement(tx, actor, { tenant: "t-globex", service: "main", location: "loc_b", schemaVersion: 2 }),
    );
    expect(await codeOf(late)).toBe("WT_CATALOG_STATE");
  });
});

/** Waits until that many sessions of the catalog wait for a lock. */
async function waitingFor(catalog: CatalogDatabase, sessions: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { rows } = await catalog.db.admin.query(
      "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if (rows[0].n >= sessions) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("nobody waits");
}
