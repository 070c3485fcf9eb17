// Every right that hardening takes from PUBLIC, by attack as the application role: the attack works on a kit installed without hardening and
// is refused with it; uninstalling gives the right back. Where no superuser installs, each step says why it was skipped.
import { installKit, protectTable, registerTenants, uninstallKit } from "@watertight/schema";
import { describeServers } from "@watertight/testkit";
import type pg from "pg";
import { describe, expect, it } from "vitest";
import { ownDatabase, type OwnDatabase } from "../support/managed.ts";

interface Attack {
  name: string;
  sql: string;
  /** SQLSTATE with the defence. */
  refused?: string;
}

const attacks: Attack[] = [
  { name: "temporary table", sql: "create temp table members (id int)" },
  { name: "table in public", sql: "create table public.shadow (id int)" },
  { name: "advisory lock, session", sql: "select pg_advisory_lock(1), pg_advisory_unlock_all()" },
  { name: "advisory lock, shared", sql: "select pg_advisory_lock_shared(1, 2), pg_advisory_unlock_all()" },
  { name: "advisory lock, transaction", sql: "select pg_advisory_xact_lock(1)" },
  { name: "advisory lock, transaction shared", sql: "select pg_advisory_xact_lock_shared(1)" },
  { name: "advisory lock, try", sql: "select pg_try_advisory_lock(1), pg_advisory_unlock(1)" },
  { name: "advisory lock, try in transaction", sql: "select pg_try_advisory_xact_lock(1, 1)" },
  { name: "keys of other locks", sql: "select * from pg_locks" },
  { name: "keys of other locks, function", sql: "select * from pg_lock_status()" },
  { name: "prepared statement names", sql: "select * from pg_prepared_statements" },
  { name: "prepared statement names, function", sql: "select * from pg_prepared_statement()" },
  { name: "cursors", sql: "select * from pg_cursors" },
  { name: "cursors, function", sql: "select * from pg_cursor()" },
  { name: "prepared transactions", sql: "select * from pg_prepared_xacts" },
  { name: "prepared transactions, function", sql: "select * from pg_prepared_xact()" },
  { name: "activity", sql: "select * from pg_stat_activity" },
  { name: "activity, function", sql: "select * from pg_stat_get_activity(null)" },
  { name: "activity of one backend", sql: "select pg_stat_get_backend_activity(1)" },
  { name: "activity, list", sql: "select pg_stat_get_backend_idset()" },
  { name: "terminate", sql: "select pg_terminate_backend(pid) from (select -1 as pid) x" },
  { name: "cancel", sql: "select pg_cancel_backend(-1)" },
  { name: "large object, make", sql: "select lo_create(0)" },
  { name: "large object, fill", sql: "select lo_from_bytea(0, 'x')" },
  { name: "large object, open", sql: "select lo_open(lo_creat(-1), 131072)" },
  { name: "large object, read", sql: "select lo_get(1)" },
  { name: "large object, read by descriptor", sql: "select loread(0, 1)" },
];

const attempt = async (client: pg.Client, sql: string): Promise<string> => {
  await client.query("begin");
  try {
    await client.query(sql);
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query("rollback");
  }
};

// reading what is not there fails with another code than not being allowed to read
const worked = (code: string): boolean => code === "done" || code === "42704" || code === "22023";

describeServers((server) => {
  describe("hardening", () => {
    const withOwn = async (
      who: Parameters<typeof ownDatabase>[1],
      fn: (own: OwnDatabase) => Promise<void>,
    ): Promise<void> => {
      const own = await ownDatabase(server, who);
      try {
        await fn(own);
      } finally {
        await own.drop();
      }
    };

    it("closes every attack, which works without it, and opens again on uninstall", () =>
      withOwn("superuser", async (own) => {
        // as databases made before 15 still have it (H4)
        await own.kit.query("grant create on schema public to public");
        await installKit(own.kit, { roles: own.roles, harden: false });
        const app = await own.as(own.roles.app);
        const run = async (): Promise<[string, string][]> => {
          const results: [string, string][] = [];
          for (const attack of attacks) results.push([attack.name, await attempt(app, attack.sql)]);
          return results;
        };
        const without = await run();
        expect(without.filter(([, code]) => !worked(code))).toEqual([]);
        await installKit(own.kit);
        expect((await run()).filter(([, code]) => code !== "42501")).toEqual([]);
        await app.query("select watertight.handshake()");
        const roles = { ...own.roles };
        await own.db.admin.query(`alter role ${roles.app} rename to ${roles.app}x`);
        await own.db.admin.query(`comment on role ${roles.app}x is null`);
        await uninstallKit(own.kit);
        expect(await run()).toEqual(without);
      }));

    it("leaves the kit itself and the operators at work", () =>
      withOwn("superuser", async (own) => {
        await installKit(own.kit, { roles: own.roles });
        await own.kit.query("create table public.projects (tenant_id text not null, id int)");
        await protectTable(own.kit, { table: "public.projects" });
        const control = await own.as(own.roles.control);
        expect(await registerTenants(control, ["a"])).toBe(1);
        await control.query("select * from pg_stat_activity");
        await control.query("select pg_advisory_xact_lock(1)");
        const migrator = await own.as(own.roles.migrator);
        await migrator.query("create temp table t (id int)");
        await migrator.query("select pg_advisory_lock(1)");
      }));

    it("is done as far as a database owner may, and says the rest", () =>
      withOwn("database owner", async (own) => {
        await own.kit.query("grant create on schema public to public");
        const { steps } = await installKit(own.kit, { roles: own.roles });
        const app = await own.as(own.roles.app);
        expect(await attempt(app, "create temp table members (id int)")).toBe("42501");
        expect(await attempt(app, "create table public.shadow (id int)")).toBe("42501");
        expect(await attempt(app, "select pg_advisory_xact_lock(1)")).toBe("done");
        const skipped = steps.filter((step) => step.state === "skipped" && step.name.startsWith("revoke"));
        expect(skipped.map((step) => step.name)).toEqual(
          [
            "advisory locks",
            "lock table",
            "prepared statements",
            "cursors",
            "prepared transactions",
            "activity",
            "signals",
            "large objects",
          ].map((name) => `revoke ${name} from public`),
        );
        await uninstallKit(own.kit);
      }));
  });
});
