/** A database that an application uses already becomes a pool: fit ones are attacked and served, unfit ones are refused with what to do; nothing of them changes. */
import { installKit, openContext, protectTable } from "@watertight/schema";
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importTenants, tenantsOfTable } from "../../src/catalog/import-tenants.ts";
import type { Operation } from "../../src/operations/operation.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane, provisioner } from "./cells.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const kid = "k001";
const key = `${kid}:${"A".repeat(43)}`;

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server);
    await plane.addCell(cell, { id: "eu-1" });
    await plane.options.secrets.keep("app", "app-password");
    await plane.options.secrets.keep("reader", "reader-password");
    await plane.options.secrets.keep("key", key);
    await plane.options.secrets.keep("other-key", `k002:${"B".repeat(43)}`);
    await asSuperuser(cell, (admin) => admin.query("create database app"));
    await asSuperuser(
      cell,
      async (admin) => {
        await admin.query(`
          create table organizations (id uuid primary key, name text not null);
          create table invoices (id int not null, tenant_id uuid not null references organizations, total int not null, primary key (tenant_id, id));
          insert into organizations values ('${uuid(1)}', 'Acme'), ('${uuid(2)}', 'Globex');
          insert into invoices values (1, '${uuid(1)}', 10), (1, '${uuid(2)}', 20)`);
      },
      "app",
    );
  }, 60_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });

  const adopt = (more: Record<string, unknown> = {}): Promise<Operation> =>
    plane.run("pool.adopt", {
      cell: "eu-1",
      database: "app",
      rwSecret: "local:app",
      roSecret: "local:reader",
      keySecret: "local:key",
      ...more,
    });
  const inApp = <T>(fn: (admin: pg.Client) => Promise<T>): Promise<T> => asSuperuser(cell, fn, "app");
  const refused = async (code: string, message: RegExp): Promise<void> => {
    const operation = await adopt();
    expect(operation).toMatchObject({ state: "failed", error: { code } });
    expect(`${operation.error?.message} ${operation.error?.hint}`).toMatch(message);
  };

  test("one that is not ready is refused, each time with everything that is wrong", async () => {
    await refused("WT_LOCATION_UNFIT", /the kit is not installed: watertight kit install/);
    await inApp((admin) => installKit(admin, { key }));
    await refused("WT_CELL_PRIVILEGE", /grant watertight_owner to/);
    await inApp((admin) => admin.query(`grant watertight_owner to ${provisioner}`));
    await refused(
      "WT_LOCATION_UNFIT",
      /no table is protected.*revoke connect.*from public.*cannot act as "watertight_app": grant "watertight_app" to/s,
    );
    await inApp(async (admin) => {
      await protectTable(admin, { table: "public.invoices" });
      await admin.query(`
        revoke connect, temporary on database app from public;
        grant connect on database app to watertight_app, watertight_readonly, ${provisioner};
        grant watertight_app, watertight_readonly to ${provisioner};
        alter role watertight_app password 'app-password' createdb;
        alter role watertight_readonly password 'reader-password'`);
    });
    await refused("WT_LOCATION_UNFIT", /"watertight_app" may do more than an application/);
    await inApp((admin) => admin.query("alter role watertight_app nocreatedb"));
    const wrongKey = await adopt({ keySecret: "local:other-key" });
    expect(wrongKey).toMatchObject({ state: "failed", error: { code: "WT_LOCATION_UNFIT" } });
    expect(wrongKey.error?.message).toContain("k001");
    expect(await adopt({ rwSecret: "local:nothing" })).toMatchObject({ error: { code: "WT_SECRET" } });
    const { rows } = await plane.catalog.db.admin.query(
      "select count(*)::int as n from watertight_catalog.location where state <> 'retired'",
    );
    expect(rows[0].n).toBe(0);
    // and nothing holds a claim
    const { rows: claims } = await inApp((admin) =>
      admin.query("select from watertight.setting where name = 'location'"),
    );
    expect(claims).toEqual([]);
  });

  test("one that leaks is refused, and adopted when the leak is closed", async () => {
    await inApp((admin) =>
      admin.query(`do $$ declare p record; begin for p in select polname from pg_policy where polrelid = 'public.invoices'::regclass loop
        execute format('alter policy %I on public.invoices using (true)', p.polname); end loop; end $$`),
    );
    await refused("WT_PROVISION_LEAK", /invoices/);
    await inApp((admin) => protectTable(admin, { table: "public.invoices" }));
    const before = await inApp((admin) => admin.query("select * from invoices order by tenant_id"));

    const operation = await adopt();
    expect([operation.state, operation.error]).toEqual(["succeeded", null]);
    expect(operation.output["inspected"]).toMatchObject({ rwRole: "watertight_app", unprotected: [] });
    expect((await inApp((admin) => admin.query("select * from invoices order by tenant_id"))).rows).toEqual(
      before.rows,
    );
    expect(await adopt()).toMatchObject({ state: "failed", error: { code: "WT_LOCATION_UNFIT" } });
    // the same server under another name
    await plane.addCell(cell, { id: "eu-1-again" });
    const twice = await adopt({ cell: "eu-1-again" });
    expect(twice).toMatchObject({ state: "failed", error: { code: "WT_LOCATION_UNFIT" } });
    expect(twice.error?.message).toContain(operation.output["location"]);

    // its tenants follow, and are served where they were
    const location = operation.output["location"] as string;
    const report = await inApp((admin) =>
      importTenants(
        plane.catalog.pool,
        actor,
        tenantsOfTable(admin, { table: "public.organizations", id: "id", name: "name" }),
        { location },
      ),
    );
    expect(report).toMatchObject({ added: 2 });
    const { rows } = await plane.catalog.db.admin.query("select * from watertight_catalog.route where tenant = $1", [
      uuid(1),
    ]);
    expect(rows[0]).toMatchObject({ location, model: "pool", database: "app", rw_role: "watertight_app" });
    await inApp((admin) => admin.query("select watertight.register_tenant($1)", [uuid(1)]));
    const app = new pg.Client({
      host: "127.0.0.1",
      port: cell.port,
      database: "app",
      user: rows[0].rw_role,
      password: await plane.options.secrets.read(rows[0].rw_secret),
    });
    await app.connect();
    try {
      await app.query("begin");
      await openContext(app, uuid(1), "sealed", await plane.options.secrets.read(rows[0].key_secret));
      expect((await app.query("select total from invoices")).rows).toEqual([{ total: 10 }]);
      await app.query("rollback");
    } finally {
      await app.end();
    }
  });

  test("a place that the control plane made is nobody else's to adopt", async () => {
    await plane.run("template.build", { cell: "eu-1" });
    const made = await plane.run("pool.create", { name: "made" });
    const { rows } = await plane.catalog.db.admin.query(
      "select database from watertight_catalog.location where id = $1",
      [made.output["location"]],
    );
    const { admin } = plane.catalog.db;
    const { rows: refs } = await admin.query(
      "select rw_secret, ro_secret, key_secret from watertight_catalog.location where id = $1",
      [made.output["location"]],
    );
    const taken = await plane.run("pool.adopt", {
      cell: "eu-1-again",
      database: rows[0].database,
      rwSecret: refs[0].rw_secret,
      roSecret: refs[0].ro_secret,
      keySecret: refs[0].key_secret,
    });
    expect(taken).toMatchObject({ state: "failed", error: { code: "WT_LOCATION_UNFIT" } });
  });

  test("the database stays when its location's operation is undone", async () => {
    await asSuperuser(cell, (admin) => admin.query("create database other"));
    const operation = await plane.run("pool.adopt", {
      cell: "eu-1",
      database: "other",
      rwSecret: "local:app",
      roSecret: "local:reader",
      keySecret: "local:key",
    });
    expect(operation.state).toBe("failed");
    await asSuperuser(cell, async (admin) => {
      const { rows } = await admin.query(
        "select datname from pg_database where datname in ('app', 'other') order by 1",
      );
      expect(rows).toEqual([{ datname: "app" }, { datname: "other" }]);
    });
  });
});
