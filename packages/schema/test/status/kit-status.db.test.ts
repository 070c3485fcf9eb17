// kit status: quiet on a good installation, and for every kind of drift exactly that drift is reported.
import { installKit, kitStatus, protectTable, type Queryable, registerTenants, rotateKey } from "@watertight/schema";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownDatabase } from "../support/managed.ts";

// Each drift is made, reported and rolled back in one transaction: the status, which opens its own, is given one that is open already.
const inside = (client: pg.Client): Queryable => ({
  query: (text, params) =>
    /^(begin|rollback$|commit)/.test(text) ? Promise.resolve({ rows: [] }) : client.query(text, params),
});

describeServers((server) => {
  describe("kit status", () => {
    let db: TestDatabase;
    beforeAll(async () => {
      db = await createDatabase(server, { kit: true });
      await registerTenants(db.admin, ["a"]);
      await db.admin
        .query(`create table public.projects (tenant_id text not null, id int, at date, primary key (tenant_id, id, at)) partition by range (at);
        create table public.projects_1 partition of public.projects for values from ('2026-01-01') to ('2027-01-01');
        create table public.labels (tenant_id text not null, id uuid unique); create table public.tasks (tenant_id text not null, label uuid)`);
      for (const table of ["projects", "labels", "tasks"]) await protectTable(db.admin, { table: `public.${table}` });
    });
    afterAll(() => db.drop());

    const open = async (client: Queryable = db.admin): Promise<[string | undefined, string, string][]> =>
      (await kitStatus(client)).checks
        .filter((check) => check.state !== "ok" && check.id !== "server-cves")
        .map((check) => [check.vectorId, check.state, check.id]);

    it("is quiet when all is well, and changes nothing", async () => {
      expect(await open()).toEqual([]);
      const control = new pg.Client({ connectionString: db.url(db.roles.control) });
      await control.connect();
      expect(await open(control)).toEqual([]);
      await control.end();
    });

    const table = "table:public.projects";
    const drifts: [what: string, sql: string, expected: [string | undefined, string, string][]][] = [
      ["row security off", "alter table public.projects disable row level security", [["A1", "fail", `${table}:A1`]]],
      ["not forced", "alter table public.projects no force row level security", [["A3", "fail", `${table}:A3`]]],
      ["floor dropped", "drop policy watertight_floor on public.projects", [["A13", "fail", `${table}:A13`]]],
      [
        "floor changed",
        "alter policy watertight_floor on public.projects using (true)",
        [["A13", "fail", `${table}:A13`]],
      ],
      [
        "floor of a partition dropped",
        "drop policy watertight_floor on public.projects_1",
        [["A13", "fail", `${table}:A13`]],
      ],
      [
        "open policy beside an own one",
        "create policy mine on public.projects using (id > 1)",
        [["B1", "fail", `${table}:B1`]],
      ],
      [
        "tenant column nullable",
        "alter table public.projects drop constraint projects_pkey; alter table public.projects alter column tenant_id drop not null",
        [["B15", "fail", `${table}:B15`]],
      ],
      [
        "foreign key without the tenant",
        "alter table public.tasks add constraint labelled foreign key (label) references public.labels (id)",
        [["E1", "warn", "table:public.tasks:E1:labelled"]],
      ],
      ["grant widened", "grant truncate on public.projects to $app", [["F1", "fail", `${table}:F1`]]],
      ["grant to everybody", "grant select on public.projects to public", [["F1", "fail", `${table}:F1`]]],
      ["grant lost", "revoke select on public.projects from $app", [[undefined, "warn", `${table}:grant`]]],
      ["owner changed", "alter table public.projects owner to current_user", [["A7", "fail", `${table}:A7`]]],
      [
        "new partition",
        "create table public.projects_2 partition of public.projects for values from ('2027-01-01') to ('2028-01-01')",
        [["F4", "fail", `${table}:partition:projects_2`]],
      ],
      [
        "unprotected table",
        "create table public.invoices (tenant_id text, id int); grant select on public.invoices to $app",
        [["A1", "fail", "unprotected:public.invoices"]],
      ],
      [
        "unprotected table out of reach",
        "create table public.invoices (tenant_id text, id int)",
        [["A1", "warn", "unprotected:public.invoices"]],
      ],
      ["temporary tables", "grant temporary on database $db to $app", [["B17", "fail", "temp:$app"]]],
      [
        "create in a schema",
        "grant create on schema public to public",
        [
          ["B17", "fail", "create:$app"],
          ["B17", "fail", "create:$readonly"],
        ],
      ],
      [
        "advisory locks",
        "grant execute on function pg_advisory_lock(bigint) to $app",
        [["F11", "warn", "right:advisory-locks"]],
      ],
      ["activity", "grant select on pg_stat_activity to public", [["G4", "warn", "right:activity"]]],
      ["database setting", "alter database $db set watertight.tenant = 'a'", [["C6", "warn", "role-settings"]]],
      ["logging", "set log_statement = 'all'", [["G8", "warn", "parameter-logging"]]],
      ["logging by duration", "set log_min_duration_statement = 100", [["G8", "warn", "parameter-logging"]]],
      ["logging on error", "set log_parameter_max_length_on_error = -1", [["G8", "warn", "parameter-logging"]]],
      ["no key", "delete from watertight.key", [[undefined, "fail", "keys"]]],
      [
        "old retiring key",
        "update watertight.key set state = 'retiring', created_at = now() - interval '40 days'",
        [[undefined, "warn", "keys"]],
      ],
      ["no tenant", "delete from watertight.fence", [[undefined, "warn", "tenants"]]],
    ];
    it.each(drifts)("reports: %s", async (_, sql, expected) => {
      const fill = (text: string): string =>
        text
          .replaceAll("$app", db.roles.app)
          .replaceAll("$readonly", db.roles.readonly)
          .replaceAll("$db", `"${db.name}"`);
      await db.admin.query("begin");
      try {
        await db.admin.query(fill(sql));
        expect(await open(inside(db.admin))).toEqual(expected.map(([vector, state, id]) => [vector, state, fill(id)]));
      } finally {
        await db.admin.query("rollback");
      }
    });

    it("is quiet again after the fix that it names", async () => {
      await db.admin
        .query(`alter table public.projects no force row level security; create table public.projects_2 partition of public.projects for values from ('2027-01-01') to ('2028-01-01');
        drop policy watertight_floor on public.projects_1`);
      expect(await open()).toHaveLength(3);
      await protectTable(db.admin, { table: "public.projects" });
      await rotateKey(db.admin);
      expect(await open()).toEqual([]);
    });

    it("reports observed tables", async () => {
      await protectTable(db.admin, { table: "public.projects", mode: "observe" });
      expect(await open()).toEqual([["A1", "warn", table]]);
    });
  });

  describe("kit status on roles of its own", () => {
    const roleDrifts: [sql: string, vectors: string[]][] = [
      ["alter role $app superuser", ["A4"]],
      ["alter role $app bypassrls", ["A4"]],
      ["alter role $app createrole", ["A6"]],
      ["alter role $app replication", ["F9"]],
      ["grant $prober to $app", ["A5"]],
      ["grant $owner to $app", ["A3"]],
      ["grant pg_read_all_data to $app", ["A8"]],
      ["alter role $owner login", ["A7"]],
      ["alter role $owner bypassrls", ["D13"]],
      ["alter role $migrator nobypassrls", ["E8"]],
      ["alter role $app set search_path = public", ["C6"]],
    ];
    it("reports every way around row security that comes with a role", async () => {
      const own = await ownDatabase(server, "superuser");
      try {
        await installKit(own.kit, { roles: own.roles });
        await registerTenants(own.kit, ["a"]);
        for (const [sql, vectors] of roleDrifts) {
          await own.kit.query("begin");
          await own.kit.query(sql.replaceAll(/\$(\w+)/g, (_, kind: keyof typeof own.roles) => own.roles[kind]));
          const { checks } = await kitStatus(inside(own.kit));
          const found = new Set(
            checks
              .filter((check) => check.state !== "ok" && /^(role|owner|migrator)/.test(check.id))
              .map((check) => check.vectorId),
          );
          expect([sql, [...found]]).toEqual([sql, vectors]);
          await own.kit.query("rollback");
        }
      } finally {
        await own.drop();
      }
    });

    it("takes no superuser away from the connected role or the bootstrap role", async () => {
      const own = await ownDatabase(server, "superuser");
      try {
        await installKit(own.kit, { roles: own.roles });
        const fix = async (name: string): Promise<string | undefined> =>
          (await kitStatus(inside(own.kit))).checks.find(
            (check) => check.state === "fail" && (check.vectorId === "D13" || check.id === `role:${name}:A4`),
          )?.fix;
        await own.kit.query("begin");
        await own.kit.query(`alter role ${own.roles.app} superuser`);
        expect(await fix(own.roles.app)).toBe(`alter role "${own.roles.app}" nosuperuser nobypassrls;`);
        await own.kit.query("rollback; begin");
        await own.kit.query("update watertight.setting set value = current_user where name = 'app'");
        expect(await fix(own.installer)).toMatch(/^watertight kit uninstall/);
        await own.kit.query("rollback; begin");
        await own.kit.query(`alter role ${own.roles.owner} superuser`);
        expect(await fix("")).toMatch(/ nosuperuser /);
        await own.kit.query("rollback; begin");
        // the connected role is not the bootstrap role here
        await own.kit.query(`alter role ${own.roles.app} superuser login; set local role ${own.roles.app}`);
        expect(await fix(own.roles.app)).toMatch(/^watertight kit uninstall/);
        await own.kit.query("rollback");
      } finally {
        await own.drop();
      }
    });

    it("tells a database owner what only a superuser can do", async () => {
      const own = await ownDatabase(server, "database owner");
      try {
        await installKit(own.kit, { roles: own.roles });
        const { checks } = await kitStatus(own.kit);
        const superuserOnly = checks.filter((check) => check.needsSuperuser).map((check) => check.id);
        expect(superuserOnly).toEqual(
          expect.arrayContaining(["migrator", "prober", "right:advisory-locks", "right:large-objects"]),
        );
        expect(checks.filter((check) => check.state === "fail")).toEqual([]);
      } finally {
        await own.drop();
      }
    });
  });
});
