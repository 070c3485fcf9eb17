// The same database read by others: by a role without a right, where catalogs are closed, under other settings, on another version.
import { randomBytes } from "node:crypto";
import { readSnapshot, type Snapshot } from "@watertight/schema";
import { createDatabase, describeServers, servers, type TestDatabase, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { everything } from "./everything.ts";

// other tests make and drop roles and databases while we read twice
const still = ({ roles, memberships, settings, otherDatabases, ...rest }: Snapshot): unknown => ({
  ...rest,
  roles: roles.filter((role) => role.predefined),
  memberships: memberships.filter(({ member }) => member.startsWith("pg_")),
  settings: settings.filter(({ database }) => database !== null),
  otherDatabases: otherDatabases.filter((database) => database.template),
});

describeServers((server) => {
  let db: TestDatabase;
  let stranger: pg.Client;
  const name = `stranger_${randomBytes(4).toString("hex")}`;
  beforeAll(async () => {
    db = await createDatabase(server);
    await db.admin.query(everything);
    await db.admin.query(`create role ${name} login password 'stranger'`);
    const url = new URL(server.url(db.name, name));
    if (!server.embedded) url.password = "stranger";
    stranger = new pg.Client({ connectionString: url.href });
    await stranger.connect();
  });
  afterAll(async () => {
    await stranger.end();
    await db.admin.query(`drop owned by ${name}; drop role ${name}`);
    await db.drop();
  });

  it("a role without a right reads the same, and is told what is hidden from it", async () => {
    const own = await readSnapshot(stranger);
    const full = await readSnapshot(db.admin);
    expect(own.unreadable.map(({ what }) => what)).toEqual([
      "setting session_preload_libraries",
      "setting shared_preload_libraries",
    ]);
    const { session_preload_libraries: _, shared_preload_libraries: __, ...visible } = full.serverSettings;
    expect(still(own)).toEqual({ ...(still(full) as object), serverSettings: visible, unreadable: own.unreadable });
  });

  it("a closed catalog leaves its part empty, and says so", async () => {
    await db.admin.query("revoke select on pg_catalog.pg_publication, pg_catalog.pg_trigger from public");
    try {
      const own = await readSnapshot(stranger);
      expect(own.unreadable.map(({ what }) => what)).toEqual(expect.arrayContaining(["triggers", "publications"]));
      expect(own.unreadable.every(({ why }) => why !== "")).toBe(true);
      expect([own.triggers, own.publications]).toEqual([[], []]);
      expect(own.policies.length).toBe(4);
      // and the connection is usable, outside of a transaction
      expect((await stranger.query("select now() = statement_timestamp() as outside")).rows).toEqual([
        { outside: true },
      ]);
    } finally {
      await db.admin.query("grant select on pg_catalog.pg_publication, pg_catalog.pg_trigger to public");
    }
  });

  it("settings of the session and objects of the user change nothing, and stay as they were", async () => {
    const before = await readSnapshot(db.admin);
    await db.admin.query(`
      set search_path = app, public; set quote_all_identifiers = on; set timezone = 'Asia/Tokyo'; set datestyle = 'German';
      create schema trap; create function trap.pg_get_expr(pg_node_tree, oid) returns text language sql return 'trapped';
      create function trap.never(oid, oid) returns boolean language sql return false;
      create operator trap.= (leftarg = oid, rightarg = oid, function = trap.never);
      set search_path = trap, pg_catalog, app`);
    try {
      const after = await readSnapshot(db.admin, { schemas: ["app", "public"] });
      // the server's settings are those of the session that reads
      expect(still({ ...after, serverSettings: {} })).toEqual(still({ ...before, serverSettings: {} }));
      const { rows } = await db.admin.query("show search_path");
      expect(rows).toEqual([{ search_path: '"trap", "pg_catalog", "app"' }]);
    } finally {
      await db.admin.query("drop schema trap cascade; reset all");
    }
  });

  it("sees one moment, and writes nothing", async () => {
    const seen: string[] = [];
    await readSnapshot({
      query: async (text, params) => {
        const result = await db.admin.query(text, params);
        if (text.startsWith("set local"))
          seen.push(
            ...Object.values(
              (
                await db.admin.query(
                  "select current_setting('transaction_isolation') as i, current_setting('transaction_read_only') as r",
                )
              ).rows[0],
            ).map(String),
          );
        return result;
      },
    });
    expect(seen).toEqual(["repeatable read", "on"]);
  });

  it("knows what is new in 18", async (context) => {
    if (server.version < 18)
      return context.skip("virtual columns, NOT NULL as a constraint and NOT ENFORCED came with 18");
    await db.admin.query(`
      create schema newer;
      create table newer.a (id integer primary key, twice integer generated always as (id * 2) virtual, loose integer, strict integer not null);
      insert into newer.a (id, strict) values (1, 1);
      alter table newer.a add constraint not_yet not null loose not valid;
      create table newer.b (a integer, constraint unchecked foreign key (a) references newer.a not enforced)`);
    const own = await readSnapshot(db.admin, { schemas: ["newer"] });
    const columns = own.relations.find((each) => each.name === "a")?.columns;
    expect(columns?.map(({ notNull, generated }) => [notNull, generated])).toEqual([
      [true, null],
      [false, "virtual"],
      [false, null],
      [true, null],
    ]);
    expect(own.constraints.map((each) => [each.name, each.kind, each.validated, each.enforced])).toEqual([
      ["a_pkey", "primary", true, true],
      ["not_yet", "not null", false, true],
      ["unchecked", "foreign", false, false],
    ]);
    await db.admin.query("drop schema newer cascade");
  });
});

const everyVersion = servers();
it("two versions of PostgreSQL give the same snapshot of the same schema", async (context) => {
  if (everyVersion.length < 2) return context.skip("this run has one server");
  const read = async (server: TestServer): Promise<unknown> => {
    const db = await createDatabase(server);
    try {
      await db.admin.query(everything);
      const { version: _, serverVersion: __, relations, ...rest } = await readSnapshot(db.admin);
      const same = still({
        ...rest,
        // 16 and later leave out a prefix that one table does not need; 17 has one privilege more
        relations: relations.map((each) => ({
          ...each,
          definition: null,
          acl: each.acl.filter(({ privilege }) => privilege !== "MAINTAIN"),
        })),
        routines: rest.routines.filter(({ extension, atomic }) => extension === null && !atomic),
        extensions: [],
        roles: [],
        serverSettings: {},
      } as unknown as Snapshot);
      return JSON.parse(JSON.stringify(same).replaceAll(db.name, "database").replaceAll(server.superuser, "superuser"));
    } finally {
      await db.drop();
    }
  };
  const [first, ...others] = await Promise.all(everyVersion.map(read));
  for (const other of others) expect(other).toEqual(first);
});
