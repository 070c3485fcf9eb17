/** Suspend, resume, maintenance, archive and delete, in every model: what the fence says then, what is left, what the certificate says. */
import { createHash } from "node:crypto";
import { openContext } from "@watertight/schema";
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { approveOperation, cancelOperation } from "../../src/operations/control-operation.ts";
import type { Operation, OperationKind } from "../../src/operations/operation.ts";
import { requestOperation } from "../../src/operations/operation-rows.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane } from "./cells.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const models = ["pool", "schema", "database", "silo"] as const;

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server);
    await plane.addCell(cell, { id: "eu-1" });
    await done(plane.run("template.build", { cell: "eu-1" }));
    await done(plane.run("pool.create", { name: "main" }));
    const { output } = await plane.run("silo.create", { name: "group" });
    for (const [n, model] of models.entries())
      for (const at of [n, n + 10])
        await done(
          plane.run("tenant.create", {
            model,
            tenant: { id: uuid(at), slug: `${model}-${at}` },
            ...(model === "silo" ? { location: output["location"] } : {}),
          }),
        );
  }, 240_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });

  const done = async (run: Promise<Operation>): Promise<Operation> => {
    const operation = await run;
    expect([operation.state, operation.error]).toEqual(["succeeded", null]);
    return operation;
  };
  const place = async (n: number) =>
    (
      await plane.catalog.db.admin.query(
        `select l.*, t.state as tenant_state from watertight_catalog.placement p join watertight_catalog.location l on l.id = p.location
           join watertight_catalog.tenant t on t.id = p.tenant where p.tenant = $1 and p.state = 'active'`,
        [uuid(n)],
      )
    ).rows[0];
  const as = async <T>(n: number, fn: (client: pg.Client, table: string) => Promise<T>): Promise<T> => {
    const at = await place(n);
    const client = new pg.Client({
      connectionString: cell.url(at.database, at.rw_role),
      password: await plane.options.secrets.read(at.rw_secret),
    });
    client.on("error", () => {});
    await client.connect();
    try {
      await client.query("begin");
      await openContext(client, uuid(n), "sealed", await plane.options.secrets.read(at.key_secret));
      const result = await fn(client, at.schema === null ? "public.projects" : `${at.schema}.projects`);
      await client.query("commit");
      return result;
    } finally {
      await client.end();
    }
  };
  const write = (n: number) =>
    as(n, (client, table) =>
      client.query(
        table.startsWith("public.")
          ? `insert into ${table} values ('${uuid(n)}', 1, 'x'); insert into public.tasks (tenant_id, project, title) values ('${uuid(n)}', 1, 'x')`
          : `insert into ${table} values (1, 'x')`,
      ),
    );
  const count = (n: number) =>
    as(n, async (client, table) => (await client.query(`select count(*)::int as n from ${table}`)).rows[0].n as number);
  const remove = async (n: number, graceMs: number): Promise<Operation> => {
    const kind = plane.kinds.get("tenant.delete") as unknown as OperationKind;
    const { id } = await requestOperation(plane.catalog.pool, actor, kind, { tenant: uuid(n), graceMs });
    expect((await plane.resume(id)).state).toBe("waiting_approval");
    await approveOperation(plane.catalog.pool, { name: "second" }, id);
    return plane.resume(id);
  };

  describe.each(models.map((model, n) => ({ model, n })))("$model", ({ model, n }) => {
    test("ends and begins service", { timeout: 60_000 }, async () => {
      await write(n);
      for (const [kind, state] of [
        ["tenant.suspend", "suspended"],
        ["tenant.maintenance", "maintenance"],
        ["tenant.archive", "archived"],
      ] as const) {
        await done(plane.run(kind, { tenant: uuid(n) }));
        expect((await place(n)).tenant_state).toBe(state);
        await expect(count(n)).rejects.toMatchObject({ code: "WT002" });
        if (state !== "suspended") await done(plane.run("tenant.resume", { tenant: uuid(n) }));
      }
      expect(await count(n)).toBe(1);
      expect(await plane.run("tenant.resume", { tenant: uuid(n) })).toMatchObject({ state: "succeeded" });
    });

    test("deletes this tenant and no other, after a second person's word", { timeout: 60_000 }, async () => {
      await write(n + 10);
      const at = await place(n);
      const operation = await done(remove(n, 0));
      const { certificate, sha256 } = operation.output as { certificate: string; sha256: string };
      expect(createHash("sha256").update(certificate).digest("hex")).toBe(sha256);
      expect(JSON.parse(certificate)).toMatchObject({
        tenant: uuid(n),
        requestedBy: "test",
        approvedBy: "second",
        removed: [{ model }],
      });
      const { rows } = await plane.catalog.db.admin.query(
        "select detail from watertight_catalog.audit_log where action = 'tenant.certificate' and subject = $1",
        [`tenant:${uuid(n)}`],
      );
      expect(JSON.parse(rows[0].detail).sha256).toBe(sha256);
      await asSuperuser(cell, async (admin) => {
        const { rows: left } = await admin.query(
          "select (select count(*)::int from pg_database where datname = $1) as databases, (select count(*)::int from pg_roles where rolname like $1 || '%') as roles",
          [at.database],
        );
        expect(left[0]).toEqual(model === "database" ? { databases: 0, roles: 0 } : { databases: 1, roles: 3 });
      });
      if (model !== "database")
        await asSuperuser(
          cell,
          async (admin) => {
            const { rows: left } = await admin.query(
              `select (select count(*)::int from public.projects where tenant_id = $1) as rows, (select count(*)::int from pg_namespace where nspname = $2) as schemas,
                      (select state from watertight.fence where tenant = $1::text) as fence`,
              [uuid(n), at.schema],
            );
            expect(left[0]).toEqual({ rows: 0, schemas: 0, fence: "deleted" });
          },
          at.database,
        );
      for (const secret of model === "database" ? [at.rw_secret, at.ro_secret, at.key_secret] : [])
        await expect(plane.options.secrets.read(secret)).rejects.toMatchObject({ code: "WT_SECRET" });
      expect(await count(n + 10)).toBe(1);
      expect(
        await plane.run("tenant.create", {
          model,
          tenant: { id: uuid(n), slug: `${model}-${n}` },
          ...(model === "silo" ? { location: at.id } : {}),
        }),
      ).toMatchObject({
        state: "failed",
        error: { code: "WT_CATALOG_DUPLICATE" },
      });
    });
  });

  test("during grace a cancel brings the tenant back", { timeout: 60_000 }, async () => {
    const waiting = await remove(12, 3600_000);
    expect(waiting.state).toBe("waiting");
    await expect(count(12)).rejects.toMatchObject({ code: "WT002" });
    expect((await place(12)).tenant_state).toBe("archived");
    await cancelOperation(plane.catalog.pool, actor, waiting.id, plane.kinds);
    expect(await plane.resume(waiting.id)).toMatchObject({ state: "cancelled" });
    expect((await place(12)).tenant_state).toBe("active");
    expect(await count(12)).toBe(1);
    expect(await verifyAudit(plane.catalog.db.admin)).toMatchObject({ valid: true });
  });
});
