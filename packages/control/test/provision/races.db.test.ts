/**
 * A creation and a deployment, and two deployments, interleaved at the places where they could overtake each other: no tenant is ever active below
 * what its service serves, whoever came first.
 */
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addService, getService, raiseMinimum, raiseTarget } from "../../src/catalog/services.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { getOperation, requestOperation } from "../../src/operations/operation-rows.ts";
import type { SchemaSource } from "../../src/provision/schema-source.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane } from "./cells.ts";
import { sampleSource } from "./sample-source.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let source: SchemaSource = sampleSource(1);
  /** Called once, when the last step of a creation begins. */
  let atActivation: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server, {
      schemaOf: async () => {
        const { rows } = await plane.catalog.db.admin.query(
          "select 1 from watertight_catalog.operation_step where name = 'activate' and state = 'running'",
        );
        const hook = atActivation;
        if (rows.length > 0 && hook !== undefined) {
          atActivation = undefined;
          await hook();
        }
        return source;
      },
    });
    await plane.addCell(cell, { id: "eu-1" });
    await plane.run("template.build", { cell: "eu-1" });
  }, 120_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });
  const placement = async (n: number) =>
    (
      await plane.catalog.db.admin.query(
        `select p.state, p.schema_version as version, l.database from watertight_catalog.placement p join watertight_catalog.location l on l.id = p.location where p.tenant = $1`,
        [uuid(n)],
      )
    ).rows[0];

  test(
    "a release that comes while a creation activates waits for it, and finds its tenant",
    { timeout: 60_000 },
    async () => {
      // holds the fence's own lock of the tenant: the creation stops with the release row FOR SHARE in its hand
      let holder: pg.Client | undefined;
      atActivation = async () => {
        const { database } = await placement(1);
        holder = new pg.Client({ connectionString: cell.url(database) });
        await holder.connect();
        await holder.query("select pg_advisory_lock(watertight.lock_key($1))", [uuid(1)]);
      };
      const kind = plane.kinds.get("tenant.create") as unknown as OperationKind;
      const { id } = await requestOperation(plane.catalog.pool, actor, kind, {
        model: "database",
        tenant: { id: uuid(1), slug: "first" },
      });
      const running = plane.resume(id);
      const shared = async (): Promise<boolean> =>
        asSuperuser(cell, async (admin) => {
          const { rows } = await admin.query("select 1 from pg_stat_activity where wait_event = 'advisory'");
          return rows.length > 0;
        });
      const early = running.then((operation) => {
        throw new Error(`ended early: ${JSON.stringify(operation.error)}`);
      });
      while (!(await Promise.race([shared(), early]))) await new Promise((resolve) => setTimeout(resolve, 10));
      early.catch(() => {}); // it ends as it should, later
      let ended = false;
      const release = raiseMinimum(plane.catalog.pool, actor, "main", 2).then(
        () => "raised",
        (error: { code: string }) => error.code,
      );
      void release.then(() => (ended = true));
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(ended).toBe(false);
      await holder!.end();
      expect(await running).toMatchObject({ state: "succeeded" });
      expect(await release).toBe("WT_CATALOG_STATE");
      expect(await placement(1)).toMatchObject({ state: "active", version: 1 });
    },
  );

  test(
    "a creation that a release overtook is brought up to date before it turns active",
    { timeout: 60_000 },
    async () => {
      await plane.catalog.db.admin.query(
        "update watertight_catalog.placement set schema_version = 9 where tenant = $1",
        [uuid(1)],
      );
      atActivation = async () => {
        await raiseMinimum(plane.catalog.pool, actor, "main", 2);
        source = sampleSource(2);
      };
      expect(
        await plane.run("tenant.create", { model: "database", tenant: { id: uuid(2), slug: "second" } }),
      ).toMatchObject({ state: "succeeded" });
      expect(await placement(2)).toMatchObject({ state: "active", version: 2 });
    },
  );

  test("and where there is no way to that version, it never turns active", { timeout: 60_000 }, async () => {
    source = sampleSource(1);
    const operation = await plane.run("tenant.create", { model: "database", tenant: { id: uuid(3), slug: "third" } });
    expect(operation).toMatchObject({ state: "failed", error: { code: "WT_CATALOG_STATE", step: "activate" } });
    expect(await placement(3)).toMatchObject({ state: "retired" });
    expect((await getOperation(plane.catalog.db.admin, operation.id)).error?.hint).toMatch(/migrate/i);
  });

  test("two deployments: neither goes back behind the other, in any order", async () => {
    await addService(plane.catalog.pool, actor, "racing");
    const versions = [3, 9, 1, 7, 4, 8, 2, 6, 5];
    await Promise.all(
      versions.flatMap((version) => [
        raiseTarget(plane.catalog.pool, actor, "racing", version),
        ...(version % 2 === 0 ? [raiseMinimum(plane.catalog.pool, actor, "racing", version)] : []),
      ]),
    );
    expect(await getService(plane.catalog.db.admin, "racing")).toMatchObject({ targetVersion: 9, minVersion: 8 });
  });
});
