/**
 * Mechanisms that a rolled-back attack on the shared servers can't show: what needs data before the last statement, two connections, the plan of a
 * query, the server's log, or a server with settings of its own.
 */
import { readFile } from "node:fs/promises";
import { describeServers, startServer, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { leakproofClasses } from "../../src/rules/P1-dead-index/leakproof-classes.ts";
import { type FixtureDatabase, fixtureDatabase, runFixture } from "../support/fixture-database.ts";
import { type Colour, fixtureStatements, readRuleFile } from "../support/fixture-sql.ts";
import { A, B, CANARY, twoTenants } from "./attacks/attack.ts";

type Work<T> = (fixture: FixtureDatabase, login: (role: string) => Promise<pg.Client>) => Promise<T>;

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Runs a fixture, the last `less` statements left out, and works on it. */
async function on<T>(server: TestServer, slug: string, colour: Colour, work: Work<T>, less = 0): Promise<T> {
  const sql = await readRuleFile(slug, `${colour}.sql`);
  const fixture = await fixtureDatabase(server, sql);
  const clients: pg.Client[] = [];
  try {
    const statements = await fixtureStatements(sql);
    await runFixture(fixture, statements.slice(0, statements.length - less));
    return await work(fixture, async (role) => {
      const client = await connect(fixture.database.url(fixture.role(role)));
      clients.push(client);
      return client;
    });
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    await fixture.drop();
  }
}

describeServers((server) => {
  test.for([
    ["red", 0],
    ["green", 2],
  ] as const)("E8 %s: the owner's backfill changes %i rows", ([colour, changed]) =>
    on(
      server,
      "E8-owner-migrates-blind",
      colour,
      async (fixture) => {
        const { admin } = fixture.database;
        await admin.query(twoTenants);
        await admin.query("insert into public.projects (tenant_id, name) select id, 'One' from public.tenants");
        const last = (await fixtureStatements(await readRuleFile("E8-owner-migrates-blind", `${colour}.sql`))).at(-1)!;
        await admin.query(fixture.translate("set role shop_owner"));
        await admin.query(fixture.translate(last.text));
        await admin.query("reset role");
        const { rows } = await admin.query("select from public.projects where slug is not null");
        expect(rows).toHaveLength(changed);
        expect(
          (await admin.query("select from pg_class where relname = 'projects' and relforcerowsecurity")).rows,
        ).toHaveLength(1);
      },
      1,
    ),
  );

  test("E8: a foreign key added by a forced owner is valid with an orphan", () =>
    on(server, "E1-foreign-key-without-tenant", "green", async ({ database: { admin }, translate }) => {
      await admin.query(twoTenants);
      await admin.query("alter table public.tasks drop constraint tasks_tenant_id_project_id_fkey");
      await admin.query(`insert into public.tasks (tenant_id, project_id, title) values ('${A}', 77, 'orphan')`);
      await admin.query(translate("set role shop_owner"));
      await admin.query(
        "alter table public.tasks add constraint late foreign key (tenant_id, project_id) references public.projects (tenant_id, id)",
      );
      await admin.query("reset role");
      expect((await admin.query("select convalidated from pg_constraint where conname = 'late'")).rows).toEqual([
        { convalidated: true },
      ]);
    }));

  test.for([
    ["red", true],
    ["green", false],
  ] as const)("F11 %s: a stranger's lock stops the function: %s", ([colour, stopped]) =>
    on(server, "F11-advisory-locks", colour, async (_, login) => {
      const [stranger, tenant] = [await login("shop_app"), await login("shop_app")];
      await stranger.query("select pg_advisory_lock(42)");
      await tenant.query("set lock_timeout = '200ms'");
      const result = await tenant.query("select public.renumber()").then(
        () => "ran",
        (error: pg.DatabaseError) => error.code,
      );
      expect(result).toBe(stopped ? "55P03" : "ran");
      expect(
        (
          await tenant.query(
            "select objid::int from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
          )
        ).rows,
      ).toEqual([{ objid: 42 }]);
    }),
  );

  test.for(["red", "green"] as const)("H1 %s: PUBLIC has CONNECT", (colour) =>
    on(server, "H1-connect-to-public", colour, async ({ database: { admin } }) => {
      const { rows } = await admin.query(
        "select exists (select from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where d.datname = current_database() and a.grantee = 0 and a.privilege_type = 'CONNECT') as open",
      );
      expect(rows).toEqual([{ open: colour === "red" }]);
    }),
  );

  test("P1: only leakproof comparisons use their index under row security", async () => {
    const plans = await Promise.all(
      (["red", "green"] as const).map((colour) =>
        on(server, "P1-dead-index", colour, async ({ database: { admin } }, login) => {
          await admin.query(twoTenants);
          await admin.query(
            `insert into public.prices (tenant_id, amount, cents) select '${A}', n, n from generate_series(1, 5000) n`,
          );
          await admin.query("analyze public.prices");
          const app = await login("shop_app");
          const { rows } = await app.query<{ "QUERY PLAN": string }>(
            `explain (costs off) select * from public.prices where ${colour === "red" ? "amount" : "cents"} = 5`,
          );
          return rows.map((row) => row["QUERY PLAN"]).join("\n");
        }),
      ),
    );
    expect(plans[0]).not.toContain("prices_by_amount");
    expect(plans[1]).toContain("prices_by_amount");
  });

  test("P1: the list of leakproof classes is the server's", async () => {
    const admin = await connect(server.url());
    try {
      const { rows } = await admin.query<{ name: string }>(
        `select distinct c.opcname as name from pg_opclass c join pg_am m on m.oid = c.opcmethod
           join pg_amop o on o.amopfamily = c.opcfamily and o.amoplefttype = c.opcintype and o.amoprighttype = c.opcintype
             and o.amopstrategy = case m.amname when 'btree' then 3 else 1 end
           join pg_operator p on p.oid = o.amopopr join pg_proc f on f.oid = p.oprcode
          where m.amname in ('btree', 'hash') and f.proleakproof order by 1`,
      );
      expect(rows.map(({ name }) => name)).toEqual([...leakproofClasses].toSorted());
    } finally {
      await admin.end();
    }
  });

  test("P2: without an index the tenant's query reads the table", async () => {
    const reads = async (colour: Colour): Promise<boolean> =>
      on(server, "P2-policy-cost", colour, async ({ database: { admin } }, login) => {
        await admin.query(twoTenants);
        await admin.query(
          `insert into public.notes (tenant_id, body) select case when n % 500 = 0 then '${A}'::uuid else '${B}' end, 'x' from generate_series(1, 5000) n`,
        );
        await admin.query("analyze public.notes");
        const app = await login("shop_app");
        await app.query(`set app.tenant_id = '${A}'`);
        const { rows } = await app.query<{ "QUERY PLAN": string }>("explain (costs off) select * from public.notes");
        return rows.some((row) => row["QUERY PLAN"].includes("Seq Scan"));
      });
    expect(await Promise.all([reads("red"), reads("green")])).toEqual([true, false]);
  });

  describe("in the log", () => {
    test.for([
      ["red", true],
      ["green", false],
    ] as const)("G8 %s: the log has the value: %s", ([colour, logged], context) => {
      if (server.logPath === "") return context.skip("the log of a server that was given to us is not ours to read");
      return on(server, "G8-logged-values", colour, async ({ database: { admin } }, login) => {
        const mark = `${CANARY}-${colour}-${Math.random().toString(36).slice(2)}`;
        const app = await login("shop_app");
        await app.query("select $1::text as value", [mark]);
        // the server writes before it answers
        expect((await readFile(server.logPath, "utf8")).includes(mark)).toBe(logged);
        expect((await admin.query("show log_statement")).rows).toEqual([{ log_statement: "none" }]);
      });
    });
  });
});

// Servers of our own, one after the other: logical decoding and statement statistics need settings that a running server can't take on.
describe.each([15, 18] as const)("PostgreSQL %i with settings of its own", (version) => {
  test("F9 and G5", { timeout: 120_000 }, async () => {
    const settings = { wal_level: "logical", synchronous_commit: "on", shared_preload_libraries: "pg_stat_statements" };
    const server = await startServer({ version, settings });
    try {
      expect(await decoded(server, "red")).toBe(true);
      expect(await decoded(server, "green")).toBe(false);
      expect(await decodedUnpublished(server)).toContain(CANARY);
      expect(await statistics(server, "red")).toBe(version < 18 ? "with its value" : "normalised");
      expect(await statistics(server, "green")).toBe("42501");
    } finally {
      await server.stop();
    }
  });
});

/** Whether a role with REPLICATION and no other right gets B's row out of a publication made for… B. A's must not come with it. */
function decoded(server: TestServer, colour: Colour): Promise<boolean> {
  return on(server, "F9-publications", colour, async ({ database }) => {
    const { admin } = database;
    const replicator = `replicator_${colour}`;
    await admin.query(`create role ${replicator} login replication`);
    await admin.query(`select pg_create_logical_replication_slot('${replicator}', 'pgoutput')`);
    await admin.query(`insert into public.tenants (id, name) values ('${A}', 'Ann'), ('${B}', 'Bolt')`);
    await admin.query(
      `insert into public.invoices (tenant_id, number, note) values ('${A}', 1, '${CANARY}'), ('${B}', 2, 'of the subscriber')`,
    );
    const stranger = await connect(database.url(replicator));
    const { rows } = await stranger.query<{ data: Buffer }>(
      `select data from pg_logical_slot_peek_binary_changes('${replicator}', null, null, 'proto_version', '1', 'publication_names', 'customer_b')`,
    );
    const text = rows.map(({ data }) => data.toString()).join("\n");
    expect(text).toContain("of the subscriber");
    await expect(stranger.query("select * from public.invoices")).rejects.toMatchObject({ code: "42501" });
    await stranger.end();
    await admin.query(`select pg_drop_replication_slot('${replicator}')`);
    await admin.query(`drop role ${replicator}`);
    return text.includes(CANARY);
  });
}

/** What a role with REPLICATION and no other right gets where every publication is filtered: by a decoder that asks for none. */
function decodedUnpublished(server: TestServer): Promise<string> {
  return on(server, "F9-publications", "green", async ({ database }) => {
    const { admin } = database;
    await admin.query("create role replicator_plain login replication");
    const stranger = await connect(database.url("replicator_plain"));
    await stranger.query("select pg_create_logical_replication_slot('replicator_plain', 'test_decoding')");
    await admin.query(`insert into public.tenants (id, name) values ('${A}', 'Ann')`);
    await admin.query(`insert into public.invoices (tenant_id, number, note) values ('${A}', 1, '${CANARY}')`);
    const { rows } = await stranger.query<{ data: string }>(
      "select data from pg_logical_slot_peek_changes('replicator_plain', null, null)",
    );
    await stranger.query("select pg_drop_replication_slot('replicator_plain')");
    await stranger.end();
    await admin.query("drop role replicator_plain");
    return rows.map(({ data }) => data).join("\n");
  });
}

/** What another session of the application role finds of B's SET. */
function statistics(server: TestServer, colour: Colour): Promise<string | undefined> {
  return on(server, "G5-statement-statistics", colour, async (_, login) => {
    const [tenant, stranger] = [await login("shop_app"), await login("shop_app")];
    await tenant.query(`set app.tenant_id = '${B}'`);
    return stranger
      .query<{ query: string }>("select query from public.pg_stat_statements where query ilike 'set app.tenant_id%'")
      .then(
        ({ rows }) =>
          rows.some(({ query }) => query.includes(B)) ? "with its value" : rows.length > 0 ? "normalised" : "nothing",
        (error: pg.DatabaseError) => error.code,
      );
  });
}
