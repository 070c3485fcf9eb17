/**
 * Reading across tenants for reports: off until somebody switches it on for one login; then that login reads all tenants' rows, writes nothing,
 * and nobody else can stand in for it; at the end of its time, and when it is switched off, it is refused. Controls: without the function's own
 * questions the same session would read.
 */
import { kitStatus, observeTable, openContext, protectTable, quoteName, registerTenants } from "@watertight/schema";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

describeServers((server) => {
  describe.each(["sealed", "plain"] as const)("level %s", (level) => {
    let db: TestDatabase;
    let login: string;
    const clients: pg.Client[] = [];
    const connect = async (role: string): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: db.url(role) });
      client.on("error", () => {});
      clients.push(client);
      await client.connect();
      return client;
    };
    const codeOf = (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => "done",
        (error: { code: string }) => error.code,
      );
    const all = "select tenant_id, id from watertight.unscoped_rows(null::public.projects) order by 1, 2";
    const begin = (client: pg.Client, more: { until?: string; role?: string } = {}) =>
      client.query(`select watertight.begin_reporting($1, now() + $2::interval, 'quarterly figures', 'ann', 60000)`, [
        more.role ?? login,
        more.until ?? "1 hour",
      ]);
    beforeAll(async () => {
      db = await createDatabase(server, { kit: { level } });
      login = `${db.name}_report`.slice(0, 63);
      await db.admin.query(`
        create table public.projects (tenant_id text not null, id int not null, name text, primary key (tenant_id, id));
        create table public.tasks (tenant_id text not null, project int not null, title text, foreign key (tenant_id, project) references public.projects (tenant_id, id));
        create table public.watched (tenant_id text not null, id int);
        create table public.plans (id int);
        create role ${quoteName(login)} login;
        grant connect on database ${quoteName(db.name)} to ${quoteName(login)};
        alter role ${quoteName(login)} set statement_timeout = '60s'`);
      await protectTable(db.admin, { table: "public.projects" });
      await protectTable(db.admin, { table: "public.tasks", parent: { table: "public.projects" } });
      await observeTable(db.admin, { table: "public.watched" });
      await registerTenants(db.admin, ["a", "b", "c'\\"]);
      await db.admin.query(
        "insert into public.projects select t, n, 'x' from unnest($1::text[]) t, generate_series(1, 2) n",
        [["a", "b", "c'\\", "not in the fence"]],
      );
      await db.admin.query("insert into public.tasks select tenant_id, id, 'do it' from public.projects where id = 1");
    });
    afterAll(async () => {
      for (const client of clients) await client.end();
      await db.drop();
      const admin = new pg.Client({ connectionString: server.url() });
      await admin.connect();
      await admin.query(`drop role if exists ${quoteName(login)}`);
      await admin.end();
    });
    const reporting = async () => (await kitStatus(db.admin)).checks.filter(({ id }) => id.startsWith("reporting"));

    it("is off: the login reaches nothing", async () => {
      const report = await connect(login);
      expect(await codeOf(report.query(all))).toBe("42501");
      expect(await reporting()).toMatchObject([{ id: "reporting", state: "ok" }]);
      // and the rights alone do not switch it on
      await db.admin.query(
        `grant usage on schema watertight to ${quoteName(login)}; grant execute on function watertight.unscoped_rows(anyelement) to ${quoteName(login)}`,
      );
      expect(await codeOf(report.query(all))).toBe("42501");
      await db.admin.query(
        `revoke all on function watertight.unscoped_rows(anyelement) from ${quoteName(login)}; revoke all on schema watertight from ${quoteName(login)}`,
      );
    });

    it("is on: the login reads every tenant, in one snapshot, and leaves no context behind", async () => {
      await begin(await connect(db.roles.control));
      const report = await connect(login);
      const { rows } = await report.query(all);
      expect(rows).toEqual(["a", "b", "c'\\"].flatMap((tenant_id) => [1, 2].map((id) => ({ tenant_id, id }))));
      const joined = await report.query(
        "select p.tenant_id, count(t.title)::int as n from watertight.unscoped_rows(null::projects) p left join watertight.unscoped_rows(null::tasks) t on (t.tenant_id, t.project) = (p.tenant_id, p.id) group by 1 order by 1",
      );
      expect(joined.rows.map((row) => (row as { n: number }).n)).toEqual([1, 1, 1]);
      await report.query("begin");
      await report.query(`${all} limit 1`);
      for (const setting of ["watertight.ctx", "watertight.tenant"])
        expect((await report.query("select coalesce(current_setting($1, true), '') as v", [setting])).rows).toEqual([
          { v: "" },
        ]);
      await report.query("rollback");
      expect(await reporting()).toMatchObject([{ id: `reporting:${login}`, state: "warn" }]);
      const [line] = await reporting();
      expect(line!.detail).toContain("ann: quarterly figures");
      const { rows: events } = await db.admin.query(
        "select detail ->> 'by' as by from watertight.event where kind = 'reporting_on'",
      );
      expect(events).toEqual([{ by: "ann" }]);
    });

    it("writes nothing, also with its settings changed", async () => {
      const report = await connect(login);
      await report.query("set default_transaction_read_only = off");
      for (const text of [
        "insert into public.projects values ('a', 9, 'x')",
        "update public.projects set name = 'y'",
        "delete from public.tasks",
        "truncate public.tasks",
        "select * from public.projects",
        "select * from public.projects for update",
        "create table public.mine (id int)",
        "create temporary table mine (id int)",
        "delete from watertight.reporting",
        "update watertight.fence set state = 'deleted'",
        "select watertight.seal_of('a')",
        "select watertight.end_reporting('x', 'y')",
        `select watertight.begin_reporting('${login}', now() + interval '9 days', 'longer', 'me', 60000)`,
      ])
        expect([text, await codeOf(report.query(text))]).toEqual([text, "42501"]);
      expect((await db.admin.query("select count(*)::int as n from public.projects")).rows).toEqual([{ n: 8 }]);
    });

    it("keeps to its limit of time, and to protected tables", async () => {
      const report = await connect(login);
      for (const limit of ["0", "61s"]) {
        await report.query(`set statement_timeout = '${limit}'`);
        expect([limit, await codeOf(report.query(all))]).toEqual([limit, "42501"]);
      }
      await report.query("set statement_timeout = '5s'");
      expect(await codeOf(report.query(all))).toBe("done");
      for (const table of ["public.watched", "public.plans", "watertight.key"])
        expect([table, await codeOf(report.query(`select * from watertight.unscoped_rows(null::${table})`))]).toEqual([
          table,
          "42501",
        ]);
      expect(await codeOf(report.query("select * from watertight.unscoped_rows(1)"))).toBe("42501");
      // a table whose row security was lifted would show all rows once for each tenant
      await db.admin.query("alter table public.projects no force row level security");
      expect(await codeOf(report.query(all))).toBe("42501");
      await db.admin.query("alter table public.projects force row level security");
      // an application's policy for another role hides every row from the owner: said, not shown as an empty report
      await db.admin.query(
        `drop policy watertight_all on public.projects; create policy for_app on public.projects to ${quoteName(db.roles.app)} using (true)`,
      );
      expect(await codeOf(report.query(all))).toBe("42501");
      await db.admin.query(
        "drop policy for_app on public.projects; create policy watertight_all on public.projects using (true) with check (true)",
      );
    });

    it("is nobody else's: not by SET ROLE, not by membership, not by the right to execute", async () => {
      const app = await connect(db.roles.app);
      expect(await codeOf(app.query(`set role ${quoteName(login)}`))).toBe("42501");
      // the mistake that would open it: the application becomes a member
      await db.admin.query(`grant ${quoteName(login)} to ${quoteName(db.roles.app)}`);
      await app.query(`set role ${quoteName(login)}`);
      expect((await app.query("select current_user as u")).rows).toEqual([{ u: login }]);
      expect(await codeOf(app.query(all))).toBe("42501");
      await app.query("reset role");
      // and it cannot be switched on again while that stands
      expect(await codeOf(begin(db.admin))).toBe("22023");
      await db.admin.query(`revoke ${quoteName(login)} from ${quoteName(db.roles.app)}`);
      if (level === "sealed") {
        await app.query("begin");
        await openContext(app, "a", level, db.key);
        expect(await codeOf(app.query(all))).toBe("42501");
        await app.query("rollback");
      }
      for (const role of [db.roles.app, db.roles.readonly, db.roles.owner, "nobody_at_all"])
        expect([role, await codeOf(begin(db.admin, { role }))]).toEqual([role, "22023"]);
      expect(await codeOf(begin(db.admin, { until: "32 days" }))).toBe("22023");
      expect(await codeOf(begin(db.admin, { until: "-1 s" }))).toBe("22023");
    });

    it("ends with its time, and when it is switched off, in sessions that are open as well", async () => {
      const report = await connect(login);
      expect(await codeOf(report.query(all))).toBe("done");
      await db.admin.query("update watertight.reporting set until = clock_timestamp()");
      expect(await codeOf(report.query(all))).toBe("42501");
      expect((await reporting())[0]!.title).toContain("could read");
      await begin(db.admin);
      expect(await codeOf(report.query(all))).toBe("done");
      const control = await connect(db.roles.control);
      for (let times = 0; times < 2; times++)
        await control.query("select watertight.end_reporting($1, 'ann')", [login]);
      expect(await codeOf(report.query(all))).toBe("42501");
      expect(await reporting()).toMatchObject([{ id: "reporting", state: "ok" }]);
    });
  });
});
