// One target: what is missing runs, in one transaction with ledger and version; errors leave nothing half-made; others' locks are waited for in
// short attempts.
import { applyToTarget, failpoints, schemaVersion, type Target, TargetConnection } from "@watertight/control";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { releaseOf } from "../support/project.ts";
import { ledgerNames, poolTarget, schemaTarget, schemaTenants, versionOf } from "../support/tenants.ts";

const first = {
  "0001_init.sql":
    "create table projects (id bigint primary key, name text not null);\ncreate view names as select name from projects;",
  "0002_kinds.sql": "create type kind as enum ('a');\ncreate function one() returns int language sql as 'select 1';",
};

describeServers((server) => {
  let db: TestDatabase;
  let acme: Target;
  beforeEach(async () => {
    db = await createDatabase(server, { kit: { level: "sealed" } });
    [acme] = (await schemaTenants(db, 1)) as [Target];
  });
  afterEach(() => db.drop());

  const tables = async (schema: string): Promise<string[]> =>
    (
      await db.admin.query<{ name: string }>(
        "select relname || ' of ' || relowner::regrole as name from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'v', 'm', 'S') order by 1",
        [schema],
      )
    ).rows.map(({ name }) => name);

  test("runs what is missing, once, and hands it to the owner", async () => {
    const release = await releaseOf(first);
    const result = await applyToTarget(acme, release);
    expect(result.applied).toEqual(["0001_init", "0002_kinds"]);
    const { owner } = db.roles;
    expect(await tables("t1")).toEqual([
      `names of ${owner}`,
      `projects of ${owner}`,
      `watertight_release_ledger of ${owner}`,
    ]);
    expect(await ledgerNames(db, acme)).toEqual(["0001_init applied", "0002_kinds applied"]);
    expect(await versionOf(db, "t1")).toBe(schemaVersion(release));
    const foreign = await db.admin.query(
      "select from pg_proc where pronamespace = 't1'::regnamespace and proowner <> $1::regrole union all select from pg_type where typnamespace = 't1'::regnamespace and typowner <> $1::regrole",
      [owner],
    );
    expect(foreign.rowCount).toBe(0);
    expect((await applyToTarget(acme, release)).applied).toEqual([]);
    const longer = await releaseOf({ ...first, "0003_more.sql": "alter table projects add more int" });
    const again = await applyToTarget(acme, longer, { version: schemaVersion(release) });
    expect(again.applied).toEqual(["0003_more"]);
    expect(await versionOf(db, "t1")).toBe(schemaVersion(longer));
  });

  test("is one round trip when the version is known", async () => {
    const release = await releaseOf(first);
    await applyToTarget(acme, release);
    const longer = await releaseOf({ ...first, "0003_more.sql": "alter table projects add more int" });
    const connection = await TargetConnection.open(acme.connect);
    try {
      let messages = 0;
      const batch = connection.batch.bind(connection);
      connection.batch = (texts) => {
        messages++;
        return batch(texts);
      };
      connection.query = () => Promise.reject(new Error("a second round trip"));
      await applyToTarget(acme, longer, { version: schemaVersion(release), connection });
      expect(messages).toBe(1);
    } finally {
      await connection.end();
    }
  });

  test("a version that lies is found out by the ledger", async () => {
    const release = await releaseOf(first);
    await applyToTarget(acme, release);
    // 0001 is said to be missing, 0002 too: the ledger's key refuses the repetition, then the ledger is read
    expect((await applyToTarget(acme, release, { version: "0" })).applied).toEqual([]);
    await db.admin.query("update watertight.fence set schema_version = 'nonsense'");
    expect((await applyToTarget(acme, release, { version: "nonsense" })).applied).toEqual([]);
    expect(await versionOf(db, "t1")).toBe(schemaVersion(release));
  });

  test("an error leaves nothing, and says file and line", async () => {
    const release = await releaseOf({
      ...first,
      "0003_wrong.sql": "create table more (id int);\n\nalter table projects\n  add name text;",
    });
    await expect(applyToTarget(acme, release)).rejects.toMatchObject({
      code: "WT_MIGRATION_FAILED",
      sqlstate: "42701",
      facts: { file: "migrations/0003_wrong.sql", line: 3, target: "t1" },
    });
    expect(await ledgerNames(db, acme)).toEqual([]);
    expect(await tables("t1")).toEqual([]);
    expect(await versionOf(db, "t1")).toBeNull();
  });

  test("an edited file is refused with both checksums", async () => {
    const release = await releaseOf(first);
    await applyToTarget(acme, release);
    const edited = await releaseOf({ ...first, "0001_init.sql": `${first["0001_init.sql"]} -- changed` });
    const refused = {
      code: "WT_MIGRATION_EDITED",
      facts: {
        file: "migrations/0001_init.sql",
        released: release.files[0]!.checksum,
        found: edited.files[0]!.checksum,
      },
    };
    await expect(applyToTarget(acme, edited)).rejects.toMatchObject(refused);
    // also when the version is known: its mark is of another list
    await expect(applyToTarget(acme, edited, { version: schemaVersion(release) })).rejects.toMatchObject(refused);
  });

  test("two at once do it once", async () => {
    const release = await releaseOf(first);
    const results = await Promise.all(Array.from({ length: 4 }, () => applyToTarget(acme, release)));
    expect(results.flatMap(({ applied }) => applied).toSorted()).toEqual(["0001_init", "0002_kinds"]);
  });

  test("another tenant's lock is not waited for", async () => {
    const release = await releaseOf(first);
    const [, bolt] = await (async () => {
      await db.admin.query(`create schema t2 authorization ${db.roles.owner}; select watertight.register_tenant('t2')`);
      return [acme, schemaTarget(db, "t2")];
    })();
    const held = new pg.Client({ connectionString: db.adminUrl });
    await held.connect();
    try {
      await held.query("begin; select pg_advisory_xact_lock(hashtextextended('t1', 7072))");
      expect((await applyToTarget(bolt!, release, { budgetMs: 0 })).retries).toBe(0);
      await expect(applyToTarget(acme, release, { budgetMs: 0 })).rejects.toMatchObject({ code: "WT_MIGRATION_BUSY" });
    } finally {
      await held.end();
    }
  });

  test("a reader's lock is waited for in attempts, and nobody queues behind longer than one", async () => {
    const release = await releaseOf(first);
    await applyToTarget(acme, release);
    const longer = await releaseOf({ ...first, "0003_more.sql": "alter table projects add more int" });
    const reader = new pg.Client({ connectionString: db.adminUrl });
    const other = new pg.Client({ connectionString: db.adminUrl });
    await reader.connect();
    await other.connect();
    try {
      await reader.query("begin; select from t1.projects");
      await expect(applyToTarget(acme, longer, { budgetMs: 400 })).rejects.toMatchObject({
        code: "WT_MIGRATION_BUSY",
        retryable: true,
      });
      let pauses = 0;
      const waiting = applyToTarget(acme, longer, { budgetMs: 20_000, random: () => Math.min(1, pauses++) });
      // an application's query gets through while the migration goes on trying: its own limit is the migrator's, twice
      await other.query("set lock_timeout = 150");
      while (pauses < 3) await other.query("select from t1.projects");
      await reader.query("commit");
      const result = await waiting;
      expect(result.applied).toEqual(["0003_more"]);
      expect(result.retries).toBeGreaterThan(2);
      // without the limit the same query would stand behind the migration until the reader is gone
      await reader.query("begin; select from t1.projects");
      const rude = db.admin.query("alter table t1.projects add rude int");
      await new Promise((resolve) => setTimeout(resolve, 50));
      await expect(other.query("select from t1.projects")).rejects.toMatchObject({ code: "55P03" });
      await reader.query("commit");
      await rude;
    } finally {
      await reader.end();
      await other.end();
    }
  });

  test("settings and search path of one tenant do not reach the next on its connection", async () => {
    await schemaTenants(db, 0);
    await db.admin.query(`create schema t2 authorization ${db.roles.owner}; select watertight.register_tenant('t2')`);
    const release = await releaseOf({
      "0001_init.sql": "set statement_timeout = '7s';\ncreate table projects (id int);",
      "0002_index.sql": "create index concurrently by_id on projects (id);",
    });
    const connection = await TargetConnection.open(acme.connect);
    try {
      await applyToTarget(acme, release, { connection });
      await applyToTarget(schemaTarget(db, "t2"), release, { connection });
      const { rows } = await connection.query(
        "select current_setting('search_path') as path, current_setting('statement_timeout') as timeout, current_setting('lock_timeout') as lock",
      );
      expect(rows).toEqual([{ path: '"$user", public', timeout: "10min", lock: "50ms" }]);
      const { rows: locks } = await db.admin.query(
        "select from pg_locks l join pg_database d on d.oid = l.database where l.locktype = 'advisory' and d.datname = current_database()",
      );
      expect(locks).toEqual([]);
      const { rows: made } = await db.admin.query(
        "select count(*)::int as n from pg_indexes where indexname = 'by_id'",
      );
      expect(made).toEqual([{ n: 2 }]);
    } finally {
      await connection.end();
    }
  });

  test("a mirror hears what was done, after it was", async () => {
    const release = await releaseOf(first);
    const heard: string[] = [];
    await applyToTarget(acme, release, {
      mirror: ({ target, applied }) => void heard.push(`${target} ${applied.map(({ name }) => name).join()}`),
      failpoint: (point) => void (point === failpoints.afterCommit && heard.push("committed")),
    });
    expect(heard).toEqual(["committed", "t1 0001_init,0002_kinds"]);
  });

  describe("a pool", () => {
    const pool = {
      "0001_init.sql":
        "create schema app;\ncreate table app.projects (tenant_id uuid not null, id bigint, primary key (tenant_id, id));\ncreate table app.countries (code text primary key);",
      "0002_rows.sql": "insert into app.countries values ('at');",
    };

    test("new tables are protected in the transaction that makes them", async () => {
      const target = poolTarget(db);
      await db.admin.query(`grant create on database ${pg.escapeIdentifier(db.name)} to ${db.roles.owner}`);
      const result = await applyToTarget(target, await releaseOf(pool));
      expect(result.unprotected).toEqual(["app.countries"]);
      const { rows } = await db.admin.query(
        "select relname, relrowsecurity and relforcerowsecurity as safe, relowner::regrole::text as owner from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r' order by 1",
      );
      expect(rows).toEqual([
        { relname: "countries", safe: false, owner: db.roles.owner },
        { relname: "projects", safe: true, owner: db.roles.owner },
      ]);
      expect(await ledgerNames(db, target)).toEqual(["0001_init applied", "0002_rows applied"]);
      expect(await versionOf(db, "t1")).toMatch(/^2-/);
    });

    test("a failure after the protection undoes both", async () => {
      const target = poolTarget(db);
      await db.admin.query(`grant create on database ${pg.escapeIdentifier(db.name)} to ${db.roles.owner}`);
      const release = await releaseOf({ "0001_init.sql": `${pool["0001_init.sql"]}\nselect 1 / 0;` });
      await expect(applyToTarget(target, release)).rejects.toMatchObject({ sqlstate: "22012" });
      expect((await db.admin.query("select from pg_namespace where nspname = 'app'")).rowCount).toBe(0);
    });

    test("a migrator that row security binds sees all rows while it migrates, and nobody else does", async () => {
      const target = poolTarget(db);
      await db.admin.query(`grant create on database ${pg.escapeIdentifier(db.name)} to ${db.roles.owner}`);
      await applyToTarget(target, await releaseOf(pool));
      await db.admin.query("insert into app.projects select gen_random_uuid(), n from generate_series(1, 5) n");
      const bound = `bound_${db.name}`.slice(0, 60);
      await db.admin.query(`create role ${bound} login; grant ${db.roles.owner} to ${bound}`);
      try {
        const as: Target = { ...target, connect: { connectionString: db.url(bound) } };
        const client = new pg.Client({ connectionString: db.url(bound) });
        await client.connect();
        // the trap: forced row security refuses even the owner
        await expect(client.query("update app.projects set id = id + 100")).rejects.toMatchObject({ code: "WT004" });
        await client.end();
        const release = await releaseOf({ ...pool, "0003_update.sql": "update app.projects set id = id + 100;" });
        expect((await applyToTarget(as, release)).applied).toEqual(["0003_update"]);
        const { rows } = await db.admin.query(
          "select (select count(*)::int from app.projects where id > 100) as n, relforcerowsecurity as forced from pg_class where oid = 'app.projects'::regclass",
        );
        expect(rows).toEqual([{ n: 5, forced: true }]);
      } finally {
        await db.admin.query(`drop owned by ${bound}; drop role ${bound}`);
      }
    });
  });
});
