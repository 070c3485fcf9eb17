/** Ways in which a database that was there before us is open although its protected tables are closed: each is refused by name when it is adopted. */
import { installKit, openContext, protectTable } from "@watertight/schema";
import { describeServers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asSuperuser, cellServer, type ControlPlane, controlPlane, provisioner } from "./cells.ts";

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const key = `k001:${"A".repeat(43)}`;

/** What opens it, what closes it again, what the refusal says, and what a tenant sees of the other one meanwhile. */
const ways = [
  {
    name: "the application's role may become one that row security does not bind",
    open: "create role reporting bypassrls; grant select on public.invoices to reporting; grant reporting to watertight_app",
    close: "revoke reporting from watertight_app; drop owned by reporting; drop role reporting",
    said: /"watertight_app" can become "reporting".*revoke "reporting" from "watertight_app"/s,
    seen: ["set local role reporting", "select count(*)::int as n from public.invoices"],
  },
  {
    name: "a view reads protected tables as an administrator",
    open: "create view public.all_invoices as select * from public.invoices; grant select on public.all_invoices to watertight_app",
    close: "drop view public.all_invoices",
    said: /public\.all_invoices/,
    seen: ["select count(*)::int as n from public.all_invoices"],
  },
  {
    name: "a materialized view holds rows of all tenants",
    open: "create materialized view public.totals as select tenant_id, total from public.invoices; grant select on public.totals to watertight_app",
    close: "drop materialized view public.totals",
    said: /public\.totals/,
    seen: ["select count(*)::int as n from public.totals"],
  },
  {
    name: "a table with the tenant's column was forgotten",
    open: `create table public.payments (tenant_id uuid not null, amount int); insert into public.payments values ('${uuid(1)}', 1), ('${uuid(2)}', 2);
      grant select (amount) on public.payments to watertight_app`,
    close: "drop table public.payments",
    said: /public\.payments.*watertight kit protect/s,
    seen: ["select count(amount)::int as n from public.payments"],
  },
];

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
    await asSuperuser(cell, (admin) => admin.query("create database app"));
    await inApp(async (admin) => {
      await admin.query(`
        create table invoices (id int not null, tenant_id uuid not null, total int not null, primary key (tenant_id, id));
        create table currencies (code text primary key);
        insert into invoices values (1, '${uuid(1)}', 10), (1, '${uuid(2)}', 20)`);
      await installKit(admin, { key });
      await protectTable(admin, { table: "public.invoices" });
      await admin.query(`
        create view invoice_totals with (security_invoker = true) as select id, total from invoices;
        create view known_currencies as select code from currencies;
        grant select on currencies, invoice_totals to watertight_app;
        grant watertight_owner, watertight_app, watertight_readonly to ${provisioner};
        revoke connect, temporary on database app from public;
        grant connect on database app to watertight_app, watertight_readonly, ${provisioner};
        alter role watertight_app password 'app-password'; alter role watertight_readonly password 'reader-password'`);
      await admin.query("select watertight.register_tenant($1)", [uuid(1)]);
    });
  }, 60_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
  });

  const inApp = <T>(fn: (admin: pg.Client) => Promise<T>): Promise<T> => asSuperuser(cell, fn, "app");
  const adopt = () =>
    plane.run("pool.adopt", {
      cell: "eu-1",
      database: "app",
      rwSecret: "local:app",
      roSecret: "local:reader",
      keySecret: "local:key",
    });
  /** Rows that the first tenant reads, with the application's own login. */
  const seenBy = async (statements: readonly string[]): Promise<number> => {
    const app = new pg.Client({
      host: "127.0.0.1",
      port: cell.port,
      database: "app",
      user: "watertight_app",
      password: "app-password",
    });
    await app.connect();
    try {
      await app.query("begin");
      await openContext(app, uuid(1), "sealed", key);
      let n = 0;
      for (const statement of statements) n = ((await app.query(statement)).rows[0]?.n as number | undefined) ?? n;
      return n;
    } finally {
      await app.end();
    }
  };

  test.each(ways)("$name", { timeout: 60_000 }, async ({ open, close, said, seen }) => {
    await inApp((admin) => admin.query(open));
    try {
      // the control: it is a leak
      expect(await seenBy(seen)).toBe(2);
      const operation = await adopt();
      expect(operation).toMatchObject({ state: "failed", error: { code: "WT_LOCATION_UNFIT" } });
      expect(operation.error?.message).toMatch(said);
    } finally {
      await inApp((admin) => admin.query(close));
    }
  });

  test("closed again, with tables and views that are no way in, it is adopted", async () => {
    const operation = await adopt();
    expect([operation.state, operation.error]).toEqual(["succeeded", null]);
    expect(operation.output["inspected"]).toMatchObject({ unprotected: ["public.currencies"] });
  });
});
