/** Tenants of every model on a real cell, made by a provisioner that is no superuser: what each can reach, and what nobody can. */
import { readFile, writeFile } from "node:fs/promises";
import { kitStatus, openContext } from "@watertight/schema";
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { hbaLines } from "../../src/cells/hba-lines.ts";
import { asSuperuser, cellServer, type ControlPlane, controlPlane, provisioner } from "./cells.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

interface Route {
  location: string;
  database: string;
  schema: string | null;
  rw_role: string;
  ro_role: string;
  rw_secret: string;
  ro_secret: string;
  key_secret: string;
}

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server);
    await plane.addCell(cell, { id: "eu-1" });
    await done(plane.run("template.build", { cell: "eu-1" }));
    for (const [n, model] of ["database", "database", "schema", "schema", "pool", "pool"].entries()) {
      if (n === 2) await done(plane.run("pool.create", { name: "main" }));
      await done(plane.run("tenant.create", { model, tenant: { id: uuid(n), slug: `${model}-${n}` } }));
    }
    await done(plane.run("silo.create", { name: "group" }));
  }, 240_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });

  const done = async (run: ReturnType<ControlPlane["run"]>): Promise<Record<string, unknown>> => {
    const operation = await run;
    expect([operation.state, operation.error]).toEqual(["succeeded", null]);
    return operation.output;
  };
  const routeOf = async (n: number): Promise<Route> =>
    (await plane.catalog.db.admin.query("select * from watertight_catalog.route where tenant = $1", [uuid(n)])).rows[0];
  const connect = async (database: string, role: string, secret: string): Promise<pg.Client> => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: cell.port,
      database,
      user: role,
      password: await plane.options.secrets.read(secret),
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const inContext = async <T>(client: pg.Client, n: number, keySecret: string, text: string): Promise<T[]> => {
    await client.query("begin");
    try {
      await openContext(client, uuid(n), "sealed", await plane.options.secrets.read(keySecret));
      const { rows } = await client.query(text);
      await client.query("commit");
      return rows as T[];
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  };

  test("a database tenant works with its own logins, and its reading login cannot write", async () => {
    const route = await routeOf(0);
    const rw = await connect(route.database, route.rw_role, route.rw_secret);
    await inContext(rw, 0, route.key_secret, `insert into projects values ('${uuid(0)}', 1, 'mine')`);
    expect(await inContext(rw, 0, route.key_secret, "select name from projects")).toEqual([{ name: "mine" }]);
    await expect(rw.query("select * from projects")).rejects.toMatchObject({ code: "WT004" });
    await expect(rw.query("create temp table x ()")).rejects.toMatchObject({ code: "42501" });
    await rw.end();
    const ro = await connect(route.database, route.ro_role, route.ro_secret);
    expect(await inContext(ro, 0, route.key_secret, "select name from projects")).toEqual([{ name: "mine" }]);
    await ro.query("set default_transaction_read_only = off");
    await expect(inContext(ro, 0, route.key_secret, "delete from projects")).rejects.toMatchObject({ code: "42501" });
    await ro.end();
  });

  test("a copy gets what it does not carry: rights, limits, settings", async () => {
    const { database } = await routeOf(0);
    await asSuperuser(cell, async (admin) => {
      const { rows } = await admin.query(
        `select d.datconnlimit as "limit", exists (select from aclexplode(d.datacl) a where a.grantee = 0) as public,
                (select setconfig from pg_db_role_setting where setdatabase = d.oid and setrole = 0) as settings from pg_database d where datname = $1`,
        [database],
      );
      expect(rows[0]).toEqual({ limit: 25, public: false, settings: ["TimeZone=UTC", 'search_path="$user", public'] });
      // the control: the server itself carries none of it
      await admin.query(`create database bare template tmpl_v1`);
      const { rows: bare } = await admin.query(
        "select datacl, (select count(*)::int from pg_db_role_setting where setdatabase = d.oid) as settings from pg_database d where datname = 'bare'",
      );
      expect(bare[0]).toEqual({ datacl: null, settings: 0 });
      await admin.query("drop database bare");
    });
  });

  test("roles of one database cannot connect to another; with CONNECT for PUBLIC they can", async () => {
    const [a, b] = [await routeOf(0), await routeOf(1)];
    await expect(connect(b.database, a.rw_role, a.rw_secret)).rejects.toMatchObject({ code: "42501" });
    await expect(connect("tmpl_v1", a.rw_role, a.rw_secret)).rejects.toMatchObject({ code: "55000" });
    await asSuperuser(cell, (admin) => admin.query(`grant connect on database ${b.database} to public`));
    const inside = await connect(b.database, a.rw_role, a.rw_secret);
    await inside.end();
    // and then the next tenant's intrusion test finds it
    const leak = await plane.run("tenant.create", { model: "database", tenant: { id: uuid(90), slug: "finds-it" } });
    await asSuperuser(cell, (admin) => admin.query(`revoke connect on database ${b.database} from public`));
    expect(leak).toMatchObject({ state: "failed", error: { code: "WT_PROVISION_LEAK" } });
    await expect(connect(b.database, a.rw_role, a.rw_secret)).rejects.toMatchObject({ code: "42501" });
  });

  test("the generated pg_hba lines keep them apart as well, where a REVOKE was lost", async () => {
    const [a, b] = [await routeOf(0), await routeOf(1)];
    const lines = await hbaLines(plane.catalog.db.admin, "eu-1", {
      type: "host",
      address: "127.0.0.1/32",
      method: "scram-sha-256",
      provisioner,
    });
    await asSuperuser(cell, async (admin) => {
      await admin.query(`grant connect on database ${b.database}, ${a.database} to public`);
      const { rows } = await admin.query("select current_setting('hba_file') as file");
      const before = await readFile(rows[0].file, "utf8");
      const reload = async (text: string): Promise<void> => {
        await writeFile(rows[0].file, text);
        await admin.query("select pg_reload_conf()");
        const { rows: wrong } = await admin.query("select error from pg_hba_file_rules where error is not null");
        expect(wrong).toEqual([]);
        await new Promise((resolve) => setTimeout(resolve, 300));
      };
      const without = await connect(b.database, a.rw_role, a.rw_secret);
      await without.end();
      await reload(`host all postgres 127.0.0.1/32 trust\n${lines.join("\n")}\n`);
      try {
        await expect(connect(b.database, a.rw_role, a.rw_secret)).rejects.toMatchObject({ code: "28000" });
        await expect(connect("postgres", a.rw_role, a.rw_secret)).rejects.toMatchObject({ code: "28000" });
        // and its own, with the password that was kept
        const own = await connect(a.database, a.rw_role, a.rw_secret);
        await own.end();
        await expect(connect(a.database, a.rw_role, b.rw_secret)).rejects.toMatchObject({ code: "28P01" });
      } finally {
        await reload(before);
        await admin.query(`revoke connect on database ${b.database}, ${a.database} from public`);
      }
    });
  });

  test("a key of one database opens no other", async () => {
    const [a, b] = [await routeOf(0), await routeOf(1)];
    const rw = await connect(b.database, b.rw_role, b.rw_secret);
    await expect(inContext(rw, 1, a.key_secret, "select 1")).rejects.toMatchObject({ code: "WT001" });
    expect(await inContext(rw, 1, b.key_secret, "select 1 as one")).toEqual([{ one: 1 }]);
    // seals are not shared either, and the template has neither
    await rw.end();
    const seals = await Promise.all(
      [a, b].map(({ database }) =>
        asSuperuser(
          cell,
          async (admin) => (await admin.query("select encode(ipad, 'hex') as seal from watertight.seal")).rows[0].seal,
          database,
        ),
      ),
    );
    expect(new Set(seals).size).toBe(2);
  });

  test("schema tenants: neither sees nor writes the other's schema, whatever the search_path", async () => {
    const [a, b] = [await routeOf(2), await routeOf(3)];
    expect(a.database).toBe(b.database);
    const rw = await connect(a.database, a.rw_role, a.rw_secret);
    await inContext(rw, 2, a.key_secret, `insert into ${a.schema}.projects values (1, 'a')`);
    await inContext(rw, 3, b.key_secret, `insert into ${b.schema}.projects values (1, 'b')`);
    await inContext(rw, 3, b.key_secret, `insert into ${b.schema}.tasks (project, title) values (1, 'secret')`);
    expect(await inContext(rw, 2, a.key_secret, `select * from ${b.schema}.projects`)).toEqual([]);
    expect(await inContext(rw, 2, a.key_secret, `select * from ${b.schema}.open_tasks`)).toEqual([]);
    expect(await inContext(rw, 3, a.key_secret, `select title from ${b.schema}.open_tasks`)).toEqual([
      { title: "secret" },
    ]);
    expect(await inContext(rw, 2, a.key_secret, `update ${b.schema}.projects set name = 'x' returning 1`)).toEqual([]);
    await expect(
      inContext(rw, 2, a.key_secret, `insert into ${b.schema}.projects values (9, 'x')`),
    ).rejects.toMatchObject({ code: "42501" });
    // the control: without the floor the role that both share gets in
    await asSuperuser(
      cell,
      (admin) => admin.query(`alter table ${b.schema}.projects disable row level security`),
      a.database,
    );
    expect(await inContext(rw, 2, a.key_secret, `select name from ${b.schema}.projects`)).toEqual([{ name: "b" }]);
    await asSuperuser(
      cell,
      (admin) => admin.query(`alter table ${b.schema}.projects enable row level security`),
      a.database,
    );
    await rw.end();
  });

  test("several tenants in one silo, each its own rows", async () => {
    const { rows } = await plane.catalog.db.admin.query(
      "select id from watertight_catalog.location where model = 'silo'",
    );
    for (const n of [70, 71])
      await done(
        plane.run("tenant.create", { model: "silo", location: rows[0].id, tenant: { id: uuid(n), slug: `silo-${n}` } }),
      );
    const [a, b] = [await routeOf(70), await routeOf(71)];
    expect(a.location).toBe(b.location);
    const rw = await connect(a.database, a.rw_role, a.rw_secret);
    await inContext(rw, 70, a.key_secret, `insert into projects values ('${uuid(70)}', 1, 'of 70')`);
    expect(await inContext(rw, 71, a.key_secret, "select * from projects")).toEqual([]);
    await expect(
      inContext(rw, 71, a.key_secret, `insert into projects values ('${uuid(70)}', 2, 'x')`),
    ).rejects.toMatchObject({ code: "42501" });
    await rw.end();
  });

  test("a warm database is taken, and belongs to the tenant from then on", async () => {
    const { location } = await done(plane.run("warm.fill", { name: "w1" }));
    await done(plane.run("tenant.create", { model: "database", tenant: { id: uuid(80), slug: "warm" } }));
    expect((await routeOf(80)).location).toBe(location);
  });

  test("what the provisioner said is in the audit log, without a secret, and the chain is whole", async () => {
    expect(await verifyAudit(plane.catalog.db.admin)).toMatchObject({ valid: true });
    const { rows } = await plane.catalog.db.admin.query(
      "select string_agg(detail, ' ') as all from watertight_catalog.audit_log where action = 'provisioner.statements'",
    );
    expect(rows[0].all).toMatch(/create database/);
    expect(rows[0].all).toMatch(/create role/);
    expect(rows[0].all).not.toMatch(/SCRAM-SHA-256\$/);
    for (const n of [0, 1]) {
      const route = await routeOf(n);
      for (const secret of [route.rw_secret, route.ro_secret, route.key_secret])
        expect(rows[0].all).not.toContain(await plane.options.secrets.read(secret));
    }
  });

  test("kit status knows that tables of a tenant's schema are closed, and says so where one is not", async () => {
    const { database, schema } = await routeOf(2);
    const open = (): Promise<string[]> =>
      asSuperuser(
        cell,
        async (admin) =>
          (await kitStatus(admin)).checks.filter(({ id }) => id.startsWith("unprotected:t_")).map(({ id }) => id),
        database,
      );
    expect(await open()).toEqual([]);
    const change = (text: string) => asSuperuser(cell, (admin) => admin.query(text), database);
    await change(
      `alter table "${schema}".projects add column tenant_id uuid; alter table "${schema}".projects no force row level security`,
    );
    try {
      expect(await open()).toEqual([`unprotected:${schema}.projects`]);
    } finally {
      await change(
        `alter table "${schema}".projects force row level security; alter table "${schema}".projects drop column tenant_id`,
      );
    }
  });
});
