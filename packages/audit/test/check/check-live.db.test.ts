/**
 * The check of a live database: what rules find there without statements, what it says that it could not see, and that nothing is left behind. A
 * plain role is enough.
 */
import { randomBytes } from "node:crypto";
import type { Queryable } from "@watertight/schema";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLive } from "../../src/check/check-live.ts";
import { resolveOptions } from "../../src/config/resolve-options.ts";

const traces = `select (select count(*)::int from pg_roles where rolname ~ '^watertight_probe_') as roles,
  (select count(*)::int from pg_class where relname like 'watertight_%') as relations,
  (select count(*)::int from pg_proc where proname like 'watertight_%') as functions`;

describeServers((server) => {
  const tag = randomBytes(4).toString("hex");
  const [owner, app] = [`live_owner_${tag}`, `live_app_${tag}`];
  let db: TestDatabase;
  beforeEach(async () => {
    db = await createDatabase(server);
    await db.admin.query(`
      do $$ begin create role ${owner} nologin; create role ${app} login; exception when duplicate_object then null; end $$;
      create table tenants (id uuid primary key, name text);
      create table invoices (id uuid primary key, tenant_id uuid not null references tenants, total numeric);
      create table files (id uuid primary key, tenant_id uuid not null references tenants, name text);
      alter table tenants owner to ${owner}; alter table invoices owner to ${owner}; alter table files owner to ${owner};
      alter table invoices enable row level security; alter table invoices force row level security;
      create policy own on invoices using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
      grant select, insert, update, delete on invoices, files to ${app};
      insert into tenants values ('00000000-0000-4000-8000-000000000001', 'a');`);
  });
  afterEach(() => db.drop());

  const live = async (
    user: string | null,
    { config = {}, tap = (each) => each }: { config?: object; tap?: (db: Queryable) => Queryable } = {},
  ): Promise<Awaited<ReturnType<typeof checkLive>>["report"]> => {
    const client = new pg.Client({ connectionString: user === null ? db.adminUrl : db.url(user) });
    await client.connect();
    try {
      const resolved = resolveOptions({ config });
      const request = { db: tap(client), root: "/nowhere", resolved, configFile: null };
      return (await checkLive(request)).report;
    } finally {
      await client.end();
    }
  };

  test("code of the schema does not run, also where it stands before PostgreSQL's own on the path", async () => {
    await db.admin.query(`
      create schema evil; create function evil.run(pg_catalog.text) returns boolean language plpgsql as $$ begin raise exception 'evil ran'; end $$;
      create domain evil.text as pg_catalog.text check (evil.run(value)); create domain evil.int4 as pg_catalog.int4 check (evil.run(''));
      grant usage on schema evil to public;
      do $$ begin execute format('alter database %I set search_path = evil, pg_catalog, public', current_database()); end $$;`);
    for (const user of [null, app]) {
      const { live: about } = await live(user);
      expect(about!.probes.filter(({ evidence }) => evidence.includes("evil"))).toEqual([]);
      expect(JSON.stringify(about!.unreadable)).not.toContain("evil ran");
    }
  });

  test("finds the open table, unverified and without a place, and says what was left out", async () => {
    const report = await live(null);
    const open = report.findings.find(({ id }) => id === "A1-files")!;
    expect(open).toMatchObject({ verdict: "UNVERIFIED", place: null, migration: null, attempt: null });
    expect(report.findings.some(({ id }) => id === "A1-invoices")).toBe(false);
    expect(new Set(report.findings.map(({ id }) => id)).size).toBe(report.findings.length);
    expect(
      report.findings.filter(({ vector }) => !vector.startsWith("CVE-")).map(({ verdict }) => verdict),
    ).not.toContain("LEAK");
    expect(report.matrix.cells).toEqual([]);
    expect(report.matrix.notes[0]!.text).toContain("Nothing was attacked");
    expect(report.live!.rulesNotRun).toContain("A12");
    expect(report.live!.probes).toHaveLength(5);
    expect(report.source).toEqual({ kind: "database", folder: db.name, migrations: 0 });
    expect(report.tables.find(({ name }) => name === "files")!.tenancy).toBe("column tenant_id");
  });

  test("reads in one read-only transaction, rolls everything else back, and leaves nothing", async () => {
    const { rows: before } = await db.admin.query(traces);
    const sent: string[] = [];
    await live(null, {
      tap: (client) => ({
        query: (text, params) => {
          sent.push(text);
          return client.query(text, params);
        },
      }),
    });
    const ends = sent.filter((text) => /^(begin|commit|rollback)\b/.test(text) && !text.includes("savepoint"));
    expect(ends.slice(0, 2)).toEqual(["begin isolation level repeatable read read only", "commit"]);
    expect(new Set(ends.slice(2))).toEqual(new Set(["begin", "rollback"]));
    expect(ends.slice(2).at(-1)).toBe("rollback");
    expect((await db.admin.query(traces)).rows).toEqual(before);
    expect(before).toEqual([{ roles: 0, relations: 0, functions: 0 }]);
  });

  test("a plain role finds the same in the catalog, and what it may not see is said", async () => {
    const ids = (report: Awaited<ReturnType<typeof live>>): string[] =>
      report.findings.map(({ id }) => id).filter((id) => !/^(CVE|G8|F12)/.test(id));
    const [all, plain] = [await live(null), await live(app)];
    expect(ids(plain)).toEqual(ids(all));
    expect(plain.live).toMatchObject({ role: app });
    expect(plain.live!.unreadable.map(({ what }) => what)).toContain("setting shared_preload_libraries");
    expect(plain.live!.probes.length).toBe(5);
  });

  test("what is declared is obeyed, what is accepted is accepted, a CVE too", async () => {
    const expires = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    const accept = (rule: string, target: string): object => ({ rule, target, reason: "known and planned", expires });
    const first = await live(null);
    const cve = first.findings.find(({ vector }) => vector.startsWith("CVE-"));
    const report = await live(null, {
      config: {
        global: ["invoices"],
        accept: [accept("A1", "files"), ...(cve === undefined ? [] : [accept(cve.vector, cve.id)])],
      },
    });
    expect(report.tables.find(({ name }) => name === "invoices")!.tenancy).toBe("global");
    expect(report.findings.find(({ id }) => id === "A1-files")!.accepted).toMatchObject({ until: expires });
    if (cve !== undefined) expect(report.findings.find(({ id }) => id === cve.id)!.accepted).not.toBeNull();
    await expect(live(null, { config: { global: ["invoice"] } })).rejects.toMatchObject({ code: "WT_CONFIG_NAME" });
  });

  test("a catalog that somebody has locked ends in a typed error and an open connection", async () => {
    const blocker = new pg.Client({ connectionString: db.adminUrl });
    await blocker.connect();
    await blocker.query("begin; lock table pg_catalog.pg_policy in access exclusive mode");
    const config = { limits: { statementSeconds: 0.2 } };
    await expect(live(null, { config })).rejects.toMatchObject({ code: "WT_CHECK_DATABASE", exitCode: 3 });
    await blocker.query("rollback");
    await blocker.end();
    expect((await live(null)).findings.some(({ id }) => id === "A1-files")).toBe(true);
  });
});
