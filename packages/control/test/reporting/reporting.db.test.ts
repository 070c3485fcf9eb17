/**
 * A login that reads across the tenants of a pool: off by default, begun and ended by operations, bound to its one database, and gone when the
 * operation that makes it fails. Passwords of logins that are changed: the new one is let in, the old one refused.
 */
import { readFile, writeFile } from "node:fs/promises";
import { describeServers, sized, type TestServer } from "@watertight/testkit";
import { kitStatus } from "@watertight/schema";
import { fleetPool } from "@watertight/runtime/fleet";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestOperation } from "../../src/operations/operation-rows.ts";
import { runOperation } from "../../src/operations/run-operation.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { endExpiredReporting } from "../../src/reporting/end-expired.ts";
import { listLogins } from "../../src/reporting/list-logins.ts";
import { listReporting } from "../../src/reporting/reporting-row.ts";
import { catalogRoutes } from "../../src/routes/catalog-routes.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane, provisioner } from "../provision/cells.ts";
import { sampleSource } from "../provision/sample-source.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let location: string;
  let database: string;
  const run = async (kind: string, input: Record<string, unknown>): Promise<Readonly<Record<string, unknown>>> => {
    const operation = await plane.run(kind, input);
    expect([kind, operation.state, operation.error]).toEqual([kind, "succeeded", null]);
    return operation.output;
  };
  const connect = async (user: string, password: string, to = database): Promise<pg.Client> => {
    const client = new pg.Client({ host: "127.0.0.1", port: cell.port, user, password, database: to });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "done",
      (error: { code: string }) => error.code,
    );
  const all = "select tenant_id::text as tenant, name from watertight.unscoped_rows(null::public.projects) order by 1";
  beforeAll(async () => {
    cell = await cellServer(server.version);
    // passwords count here: everybody but the two who set the test up is asked for theirs
    await asSuperuser(cell, async (admin) => {
      const { rows } = await admin.query("select current_setting('hba_file') as file");
      const trusted = `host all ${provisioner} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n`;
      const before = (await readFile(rows[0].file, "utf8")).split("\n").filter((line) => line.includes("postgres"));
      await writeFile(rows[0].file, `host all postgres 127.0.0.1/32 trust\n${before.join("\n")}\n${trusted}`);
      await admin.query("select pg_reload_conf()");
      await new Promise((resolve) => setTimeout(resolve, 300));
    });
    plane = await controlPlane(server, { schemaOf: async () => sampleSource() });
    await plane.addCell(cell, { id: "eu-1" });
    await run("template.build", { cell: "eu-1" });
    await run("pool.create", { name: "shared" });
    for (const n of [1, 2]) await run("tenant.create", { model: "pool", tenant: { id: uuid(n), slug: `t${n}` } });
    const { rows } = await plane.catalog.db.admin.query(
      "select id, database from watertight_catalog.location where model = 'pool'",
    );
    ({ id: location, database } = rows[0] as { id: string; database: string });
    await asSuperuser(
      cell,
      (admin) =>
        admin.query("insert into public.projects (tenant_id, id, name) values ($1, 1, 'one'), ($2, 1, 'two')", [
          uuid(1),
          uuid(2),
        ]),
      database,
    );
  }, 240_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });
  const theLogin = async (): Promise<{ login: string; password: string }> => {
    const [row] = await listReporting(plane.catalog.db.admin);
    return { login: row!.login, password: await plane.options.secrets.read(row!.secret) };
  };

  test("is off, and nothing of it is there", async () => {
    expect(await listReporting(plane.catalog.db.admin)).toEqual([]);
    const logins = await listLogins(plane.catalog.pool, plane.options.secrets, location);
    expect(logins.map(({ purpose, sees, login }) => [purpose, sees, login])).toEqual([
      ["group", "nothing", false],
      ["reading", "one tenant at a time", true],
      ["application", "one tenant at a time", true],
    ]);
    expect(logins.flatMap(({ alarming }) => alarming)).toEqual([]);
    expect((await plane.run("reporting.end", { location })).error).toMatchObject({ code: "WT_CATALOG_NOT_FOUND" });
  });

  test("on: reads all tenants of this one database and writes nothing; told where one looks", async () => {
    await expect(plane.run("reporting.begin", { location, reason: " " })).rejects.toMatchObject({
      code: "WT_CATALOG_INPUT",
    });
    await run("reporting.begin", { location, reason: "figures for the board", hours: 2 });
    const { login, password } = await theLogin();
    const report = await connect(login, password);
    try {
      expect((await report.query(all)).rows).toEqual([
        { tenant: uuid(1), name: "one" },
        { tenant: uuid(2), name: "two" },
      ]);
      for (const text of [
        "delete from public.tasks",
        "insert into public.projects values (gen_random_uuid(), 1, 'x')",
        "select * from public.projects",
      ])
        expect([text, ["42501", "25006"].includes(await codeOf(report.query(text)))]).toEqual([text, true]);
    } finally {
      await report.end();
    }
    expect(await codeOf(connect(login, password, "postgres"))).toBe("42501");
    expect(await codeOf(connect(login, "wrong"))).toBe("28P01");
    const found = (await listLogins(plane.catalog.pool, plane.options.secrets, location)).find(
      ({ purpose }) => purpose === "reporting",
    );
    expect(found).toMatchObject({
      name: login,
      sees: "all tenants",
      writes: false,
      memberOf: [`${database}_in`],
      connectionLimit: 3,
      alarming: [],
    });
    expect(found!.validUntil!.getTime()).toBeGreaterThan(Date.now());
    const checks = await asSuperuser(cell, async (admin) => (await kitStatus(admin)).checks, database);
    expect(checks.find(({ id }) => id === `reporting:${login}`)).toMatchObject({ state: "warn" });
    expect(checks.find(({ id }) => id === `reporting:${login}`)!.detail).toContain("figures for the board");
    expect((await plane.run("reporting.begin", { location, reason: "again" })).error).toMatchObject({
      code: "WT_CATALOG_STATE",
    });
  });

  test("no role of the application becomes it", async () => {
    const { rows } = await plane.catalog.db.admin.query(
      "select rw_role, rw_secret from watertight_catalog.location where id = $1",
      [location],
    );
    const { login } = await theLogin();
    const app = await connect(rows[0].rw_role, await plane.options.secrets.read(rows[0].rw_secret));
    try {
      expect(await codeOf(app.query(`set role "${login}"`))).toBe("42501");
      expect(await codeOf(app.query(all))).toBe("42501");
    } finally {
      await app.end();
    }
  });

  test("off: sessions end, the login and its secret are gone, the audit log has both", async () => {
    const { login, password } = await theLogin();
    const [{ secret }] = (await listReporting(plane.catalog.db.admin)) as unknown as [{ secret: string }];
    const report = await connect(login, password);
    await run("reporting.end", { location });
    expect(await codeOf(report.query("select 1"))).not.toBe("done");
    await report.end().catch(() => {});
    expect(await codeOf(connect(login, password))).toBe("28P01");
    await expect(plane.options.secrets.read(secret)).rejects.toMatchObject({ code: "WT_SECRET" });
    const { rows } = await plane.catalog.db.admin.query(
      "select action, detail::jsonb ->> 'requestedBy' as by, detail::jsonb ->> 'reason' as reason from watertight_catalog.audit_log where action like 'reporting.%' order by seq",
    );
    expect(rows.map(({ action, by }) => [action, by])).toEqual([
      ["reporting.begun", "test"],
      ["reporting.on", "test"],
      ["reporting.off", "test"],
    ]);
    expect(rows[1].reason).toBe("figures for the board");
  });

  test("over: it is refused at once, and taken away without anybody's asking", async () => {
    await run("reporting.begin", { location, reason: "figures for the board", hours: 2 });
    expect(await endExpiredReporting(plane.catalog.pool, actor)).toEqual([]);
    const { login, password } = await theLogin();
    await asSuperuser(cell, (admin) => admin.query("update watertight.reporting set until = now()"), database);
    await plane.catalog.db.admin.query("update watertight_catalog.reporting set until = now()");
    const report = await connect(login, password);
    expect(await codeOf(report.query(all))).toBe("42501");
    const asked = await Promise.all([1, 2].map(() => endExpiredReporting(plane.catalog.pool, actor)));
    expect(asked.flat()).toHaveLength(1);
    expect(await plane.resume(asked.flat()[0]!)).toMatchObject({ state: "succeeded", requestedBy: "test" });
    await report.end().catch(() => {});
    expect(await codeOf(connect(login, password))).toBe("28P01");
    expect(await endExpiredReporting(plane.catalog.pool, actor)).toEqual([]);
  });

  test("a place whose tables lie open to everybody gets no such login, and nothing of it stays", async () => {
    await asSuperuser(cell, (admin) => admin.query("grant delete on public.tasks to public"), database);
    try {
      const operation = await plane.run("reporting.begin", { location, reason: "figures" });
      expect([operation.state, operation.error?.code]).toEqual(["failed", "WT_PROVISION_LEAK"]);
    } finally {
      await asSuperuser(cell, (admin) => admin.query("revoke delete on public.tasks from public"), database);
    }
    expect(await listReporting(plane.catalog.db.admin)).toEqual([]);
    const left = await asSuperuser(cell, (admin) =>
      admin.query("select rolname from pg_roles where rolname like '%report'"),
    );
    expect(left.rows).toEqual([]);
    const { rows } = await plane.catalog.db.admin.query(
      "select 1 from watertight_catalog.cleanup where settled_at is null",
    );
    expect(rows).toEqual([]);
  });

  test("a new password: the application follows, the old one is refused", async () => {
    const { rows } = await plane.catalog.db.admin.query(
      "select rw_role, rw_secret from watertight_catalog.location where id = $1",
      [location],
    );
    const { rw_role: role, rw_secret: reference } = rows[0] as { rw_role: string; rw_secret: string };
    const old = await plane.options.secrets.read(reference);
    const routes = catalogRoutes({ url: plane.catalog.url.router, secrets: plane.options.secrets });
    const pool = fleetPool(pg, { routes, budget: 2, idleTimeoutMs: 1 });
    try {
      expect((await pool.for(uuid(1)).query("select name from projects")).rows).toEqual([{ name: "one" }]);
      await (await connect(role, old)).end();
      await run("login.rotate", { login: role });
      expect(await codeOf(connect(role, old))).toBe("28P01");
      await expect(plane.options.secrets.read(reference)).rejects.toMatchObject({ code: "WT_SECRET" });
      const now = await plane.catalog.db.admin.query(
        "select rw_secret from watertight_catalog.location where id = $1",
        [location],
      );
      await (await connect(role, await plane.options.secrets.read(now.rows[0].rw_secret))).end();
      expect((await pool.for(uuid(2)).query("select name from projects")).rows).toEqual([{ name: "two" }]);
    } finally {
      await pool.end();
      await routes.close();
    }
    const found = (await listLogins(plane.catalog.pool, plane.options.secrets, location)).find(
      ({ name }) => name === role,
    );
    expect(found!.rotatedAt).not.toBeNull();
    expect((await plane.run("login.rotate", { login: "nobody" })).error).toMatchObject({
      code: "WT_CATALOG_NOT_FOUND",
    });
  });

  /** Runs an operation whose worker is gone at a place, as if the process were; then another worker goes on. */
  const diesAt = async (kindName: string, input: Record<string, unknown>, where: string): Promise<void> => {
    const kind = plane.kinds.get(kindName)! as unknown as OperationKind;
    const { id } = await requestOperation(plane.catalog.pool, actor, kind, input);
    const dies = new AbortController();
    let died = false;
    await runOperation(
      {
        catalog: plane.catalog.pool,
        kinds: plane.kinds,
        worker: "dies",
        signal: dies.signal,
        failpoint: (name) => {
          if (died || name !== `${kindName}.${where}`) return;
          died = true;
          dies.abort(new Error("gone"));
          throw new Error("gone");
        },
      },
      id,
    ).catch(() => {});
    expect([where, died]).toEqual([where, true]);
    await plane.catalog.db.admin.query(
      "update watertight_catalog.operation set lease_until = now(), run_after = now() where id = $1",
      [id],
    );
    expect([where, await plane.resume(id)]).toMatchObject([where, { state: "succeeded" }]);
  };

  test("a worker that dies at any step of begin and end leaves what the next one finishes", async () => {
    const steps = ["note", "secret", "login", "permit", "test", "tell"].flatMap((step) => [
      `${step}.observed`,
      `${step}.acted`,
    ]);
    const ends = ["find.acted", "refuse.acted", "drop.acted", "forget.acted", "forget.recorded"];
    for (const [at, where] of sized([...steps, "login.promised"], ["login.acted", "permit.acted"]).entries()) {
      await diesAt("reporting.begin", { location, reason: "figures" }, where);
      const { login, password } = await theLogin();
      const report = await connect(login, password);
      expect((await report.query(all)).rows).toHaveLength(2);
      await report.end();
      await diesAt("reporting.end", { location }, ends[at % ends.length]!);
      expect(await listReporting(plane.catalog.db.admin)).toEqual([]);
      expect(await codeOf(connect(login, password))).toBe("28P01");
    }
  });

  test.each(["secret.recorded", "password.inside", "password.recorded", "name.acted"])(
    "a worker that dies at %s leaves a password that the next one finds",
    async (where) => {
      const { rows } = await plane.catalog.db.admin.query(
        "select ro_role from watertight_catalog.location where id = $1",
        [location],
      );
      await diesAt("login.rotate", { login: rows[0].ro_role }, where);
      const now = await plane.catalog.db.admin.query(
        "select ro_role, ro_secret from watertight_catalog.location where id = $1",
        [location],
      );
      await (await connect(now.rows[0].ro_role, await plane.options.secrets.read(now.rows[0].ro_secret))).end();
    },
  );
});
