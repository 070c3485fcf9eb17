// Migrations of an attacker: none becomes superuser, none reaches a file, a program or the network, none runs on for ever; each ends in a
// clear reason, what follows still runs, and the server is gone afterwards.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeServers } from "@watertight/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import pg from "pg";
import { asSuperuser } from "../../src/replay/promote.ts";
import { openSession } from "../../src/replay/session.ts";
import type { Replay, ReplayOptions } from "../../src/replay/replay.ts";
import { replayed, sandboxFor } from "../support/replayed.ts";

/** A function that tells in a table what it could do when it was called. */
const spy = `create table public.caught (what text);
create function public.spy() returns text language plpgsql as $$
declare super bool; 
begin
  select rolsuper into super from pg_catalog.pg_roles where rolname = current_user;
  if super then insert into public.caught values ('superuser ' || current_user); end if;
  if super then execute 'create role stolen superuser'; end if;
  return 'x';
end $$;
`;

describeServers((server) => {
  const run = async (sql: string, options?: ReplayOptions): Promise<Replay> => {
    const result = await replayed(server, sql, options);
    onTestFinished(() => result.close());
    return result;
  };
  const outcomes = ({ statements }: Replay): string[] =>
    statements.map(({ outcome }) => (outcome.state === "ran" ? "ran" : `${outcome.state}: ${outcome.reason}`));
  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const sandbox = await sandboxFor(server.version);
    return sandbox.admin(sql);
  };
  const superuser = async (): Promise<string> => (await sandboxFor(server.version)).server.superuser;
  const supers = async (): Promise<unknown[]> =>
    (await query("select rolname from pg_roles where rolsuper and rolname !~ '^pg_' order by 1")).map(
      (row) => row["rolname"],
    );
  const nobodyElseIsSuperuser = async (): Promise<void> => expect(await supers()).toEqual([await superuser()]);

  describe("does not reach the machine", () => {
    const cases: readonly (readonly [name: string, sql: string])[] = [
      ["COPY FROM PROGRAM", "create table t (a text); copy t from program 'id';"],
      ["COPY TO PROGRAM", "copy (select 1) to program 'cat > /tmp/watertight-owned';"],
      ["COPY FROM a file", "create table t (a text); copy t from '/etc/passwd';"],
      ["COPY TO a file", "copy (select 1) to '/tmp/watertight-owned';"],
      ["COPY PROGRAM in a DO block", "create table t (a text); do $$ begin copy t from program 'id'; end $$;"],
      [
        "COPY of a file in dynamic SQL",
        "create table t (a text); do $$ begin execute 'copy t from ''/etc/passwd'''; end $$;",
      ],
      [
        "COPY PROGRAM in a function",
        "create table t (a text); create function f() returns void language plpgsql as $$ begin copy t from program 'id'; end $$; select f();",
      ],
      ["pg_read_file", "select pg_read_file('/etc/passwd');"],
      ["pg_read_file in a DO block", "do $$ begin perform pg_read_file('/etc/passwd'); end $$;"],
      [
        "pg_ls_dir in a function",
        "create function f() returns setof text language sql as 'select pg_ls_dir(''/'')'; select f();",
      ],
      ["lo_import", "select lo_import('/etc/passwd');"],
      ["lo_import in a DO block", "do $$ begin perform lo_import('/etc/passwd'); end $$;"],
      ["lo_export in a DO block", "do $$ begin perform lo_export(lo_create(0), '/tmp/watertight-owned'); end $$;"],
      ["LOAD", "load '/tmp/evil.so';"],
      ["LOAD in a DO block", "do $$ begin load 'dblink'; end $$;"],
      ["ALTER SYSTEM", "alter system set archive_command = 'touch /tmp/watertight-owned';"],
      ["ALTER SYSTEM in a DO block", "do $$ begin execute 'alter system set log_directory = ''/tmp'''; end $$;"],
      ["a C function", "create function f() returns int language c as '/lib/x86_64-linux-gnu/libc.so.6', 'getpid';"],
      [
        "a C function in a DO block",
        "do $$ begin execute 'create function f() returns int language c as ''libc.so.6'', ''getpid'''; end $$;",
      ],
      [
        "an internal function made anew",
        "create function f(text) returns text language internal as 'pg_read_file_all';",
      ],
      [
        "an internal LEAKPROOF function",
        "create function f(text) returns text language internal leakproof as 'pg_read_file_all';",
      ],
      ["plpython3u", "create extension plpython3u;"],
      ["plperl, which is trusted", "create extension plperl;"],
      ["plperl in a DO block", "do $$ begin create extension plperl; end $$;"],
      ["plperlu in a DO block", "do $$ begin create extension plperlu; end $$;"],
      ["adminpack", "create extension adminpack; select pg_file_write('x', 'y', false);"],
      ["file_fdw in a DO block", "do $$ begin create extension file_fdw; end $$;"],
      ["postgres_fdw in a DO block", "do $$ begin create extension postgres_fdw; end $$;"],
      ["dblink in a DO block", "do $$ begin create extension dblink; end $$;"],
      ["a subscription", "create subscription s connection 'host=127.0.0.1' publication p;"],
      [
        "a subscription in a DO block",
        "do $$ begin execute 'create subscription s connection ''host=x'' publication p with (connect = false)'; end $$;",
      ],
      ["a tablespace", "create tablespace x location '/tmp';"],
      ["PREPARE TRANSACTION", "begin; prepare transaction 'x'; commit;"],
      ["session_preload_libraries", "alter role postgres set session_preload_libraries = '/tmp/evil';"],
      ["dynamic_library_path", "do $$ begin perform set_config('dynamic_library_path', '/tmp', false); end $$;"],
    ];
    test.each(cases)("%s", async (_name, sql) => {
      const result = await run(`${sql}\ncreate table public.after (id int);`);
      const before = result.statements.slice(0, -1);
      expect(before.some(({ outcome }) => outcome.state !== "ran")).toBe(true);
      for (const { outcome } of before) if (outcome.state !== "ran") expect(outcome.reason).not.toBe("");
      expect(outcomes(result).at(-1)).toBe("ran");
      expect(existsSync("/tmp/watertight-owned")).toBe(false);
      expect(result.snapshot.relations.map(({ name }) => name)).toContain("after");
    });

    test("roles that reach files and programs are shown, not given", async () => {
      const result = await run(`create role app login;
        grant pg_execute_server_program, pg_read_server_files to postgres, app;
        do $$ begin execute 'grant pg_write_server_files to postgres'; exception when others then null; end $$;
        create table t (a text);
        do $$ begin copy t from program 'id'; end $$;
        do $$ begin copy t from '/etc/passwd'; end $$;
        do $$ begin copy t to '/tmp/watertight-owned'; end $$;`);
      expect(outcomes(result).slice(-3)).toEqual([
        expect.stringMatching(/^failed: .*(permission denied|must be superuser)/),
        expect.stringMatching(/^failed: .*(permission denied|must be superuser)/),
        expect.stringMatching(/^failed: .*(permission denied|must be superuser)/),
      ]);
      const given = await query(
        "select 1 from pg_auth_members where roleid in (select oid from pg_roles where rolname ~ '_server_(files|program)$')",
      );
      expect(given).toEqual([]);
      expect(result.snapshot.memberships).toContainEqual(
        expect.objectContaining({ role: "pg_execute_server_program", member: "app" }),
      );
    });
  });

  describe("does not become superuser", () => {
    const cases: readonly (readonly [name: string, sql: string])[] = [
      ["SET ROLE", `set role SUPER;`],
      ["SET SESSION AUTHORIZATION", `set session authorization SUPER;`],
      ["SET SESSION AUTHORIZATION in a DO block", `do $$ begin execute 'set session authorization SUPER'; end $$;`],
      ["RESET SESSION AUTHORIZATION", `create role x; set role x; reset session authorization; select public.spy();`],
      ["GRANT of the superuser", `grant SUPER to postgres; set role SUPER; select public.spy();`],
      ["GRANT in a DO block", `do $$ begin execute 'grant SUPER to postgres'; end $$; select public.spy();`],
      [
        "CREATE ROLE SUPERUSER",
        `create role evil superuser login; grant evil to postgres; set role evil; select public.spy();`,
      ],
      ["ALTER ROLE SUPERUSER", `create role evil; alter role evil superuser; set role evil; select public.spy();`],
      ["ALTER ROLE self", `alter role postgres superuser; select public.spy();`],
      [
        "ALTER ROLE self in a DO block",
        `do $$ begin execute 'alter role postgres superuser'; end $$; select public.spy();`,
      ],
      ["ALTER ROLE of the superuser", `alter role SUPER password 'x'; alter role SUPER rename to y;`],
      ["ALTER ROLE of the superuser in a DO block", `do $$ begin execute 'alter role SUPER nosuperuser'; end $$;`],
      ["a role with the superuser's name", `create role SUPER; drop role SUPER;`],
      [
        "a definer function given to the superuser",
        `alter function public.spy() security definer; alter function public.spy() owner to SUPER; select public.spy();`,
      ],
      [
        "REASSIGN OWNED",
        `reassign owned by postgres to SUPER; reassign owned by SUPER to postgres; select public.spy();`,
      ],
      ["UPDATE pg_authid", `update pg_authid set rolsuper = true;`],
      [
        "rights on pg_authid",
        `grant all on pg_authid to postgres; update pg_authid set rolsuper = true; select public.spy();`,
      ],
      [
        "rights on functions of files",
        `grant execute on function pg_catalog.pg_read_file(text) to postgres; do $$ begin perform pg_read_file('/etc/passwd'); end $$;`,
      ],
      ["owner of functions of files", `alter function pg_catalog.pg_read_file(text) owner to postgres;`],
      [
        "rights on settings",
        `grant set on parameter session_preload_libraries to postgres; grant alter system on parameter archive_command to postgres;`,
      ],
      [
        "an event trigger before a promoted statement",
        `create function public.et() returns event_trigger language plpgsql as $$ begin perform public.spy(); end $$;
        create event trigger e on ddl_command_end execute function public.et();
        create publication p for all tables; create event trigger e2 on ddl_command_start execute function public.et();
        create extension pg_stat_statements; create function l() returns int language sql leakproof as 'select 1'; create table z (a int);`,
      ],
      [
        "an event trigger that fires ALWAYS",
        `create function public.et() returns event_trigger language plpgsql as $$ begin perform public.spy(); end $$;
        create event trigger e on ddl_command_end execute function public.et();
        alter event trigger e enable always; create publication p for all tables;
        do $$ begin execute 'alter event trigger e enable replica'; end $$; create publication p2 for all tables; create extension pg_stat_statements;`,
      ],
      [
        "a login trigger",
        `create function public.et() returns event_trigger language plpgsql as $$ begin perform public.spy(); end $$;
        create event trigger e on login execute function public.et(); alter role postgres set app.x = 'y';`,
      ],
      [
        "a deferred trigger that waits for superuser",
        `create table q (a int); create function public.tf() returns trigger language plpgsql as $$ begin perform public.spy(); return null; end $$;
        create constraint trigger c after insert on q deferrable initially deferred for each row execute function public.tf();
        begin; insert into q values (1); create publication p for all tables; set constraints all immediate; commit;
        begin; insert into q values (1); create publication p3 for all tables; commit;`,
      ],
      [
        "a default of a LEAKPROOF function",
        `create function l(a text default public.spy()) returns int language sql leakproof as 'select 1'; select l();`,
      ],
      [
        "a body of a LEAKPROOF function",
        `create function l() returns text leakproof begin atomic select public.spy(); end;`,
      ],
      [
        "a literal that runs a domain's check while a LEAKPROOF function is read",
        `create function public.chk(int) returns boolean language plpgsql as $$ begin return public.spy() is not null; end $$;
        create domain public.d as int check (public.chk(value)); create type public.row1 as (x public.d);
        create function l() returns int language sql leakproof as $$ select ('{1}'::public.d[])[1]::int $$;
        create function l2(a public.d[] default '{1}') returns int language sql leakproof as 'select 1';
        create function l3() returns int leakproof return (('(1)'::public.row1).x)::int;
        create or replace function l() returns int language sql leakproof as $$ select ('{2}'::public.d[])[1]::int $$;
        alter function l() leakproof; select l();`,
      ],
      [
        "a type that takes the place of an extension's own",
        `create function public.chk(int) returns boolean language plpgsql as $$ begin return public.spy() is not null; end $$;
        create domain public.d as int check (public.chk(value)); create extension cube schema public;
        create schema bad; create type bad.cube as (x public.d);
        create function bad.cube_is_point(bad.cube) returns boolean language sql as 'select true';
        create function bad.cube_dim(bad.cube) returns int language sql as 'select 1';
        create function bad.cube_distance(bad.cube, bad.cube) returns float8 language sql as 'select 1';
        create extension earthdistance schema bad;`,
      ],
      [
        "an index expression and maintenance",
        `create function public.ix(int) returns text language plpgsql immutable as $$ begin return public.spy(); end $$;
        create table q (a int); insert into q values (1); create index on q (public.ix(a)); analyze q; vacuum q; reindex table q; cluster q using q_ix_idx; create publication p for all tables;`,
      ],
      [
        "a view in the way of our own queries",
        `create schema evil; create view evil.pg_roles as select public.spy() as rolname; create function evil.pg_has_role(name, text, text) returns boolean language sql as 'select public.spy() is null';
        create function evil.eq(name, name) returns boolean language sql as 'select public.spy() = ''x'''; create operator evil.= (leftarg = name, rightarg = name, function = evil.eq);
        set search_path = evil, pg_catalog; create publication p for all tables; create event trigger e on sql_drop execute function pg_catalog.suppress_redundant_updates_trigger(); create table evil.z (a int);`,
      ],
      [
        "temporary tables in the way",
        `create temp table pg_roles (oid oid, rolname name); create temp table pg_class (oid oid); create publication p for all tables; create table z (a int);`,
      ],
      [
        "ALTER DATABASE SET",
        `alter database postgres set search_path = evil; alter database postgres set role = 'SUPER'; alter role all set search_path = evil;`,
      ],
      [
        "an extension's script with planted names",
        `create function public.pg_stat_statements(boolean) returns setof record language sql as 'select public.spy(), public.spy()'; create extension pg_stat_statements; create extension earthdistance cascade; create extension bloom;`,
      ],
      [
        "plpgsql that keeps what was superuser",
        `create publication p for all tables; begin; create publication p2 for all tables; do $$ begin perform public.spy(); perform pg_read_file('/etc/passwd'); end $$; commit;`,
      ],
      ["two statements in one text", `do $$ begin execute 'commit; alter role postgres superuser'; end $$;`],
      [
        "COMMIT in a DO block",
        `begin; do $$ begin commit; end $$; commit; do $$ begin create table k (a int); commit; perform public.spy(); end $$;`,
      ],
      [
        "a function for a foreign data wrapper",
        `create foreign data wrapper w handler public.spy; create foreign data wrapper w2 validator public.spy;`,
      ],
      [
        "a cast, operator class or type with code",
        `create type ct; create function ct_in(cstring) returns ct language internal immutable as 'textin'; create cast (text as int) with function public.spy() as implicit;`,
      ],
    ];
    test.each(cases)("%s", async (_name, sql) => {
      const result = await run(`${spy}${sql.replaceAll("SUPER", await superuser())}`);
      await nobodyElseIsSuperuser();
      const client = new pg.Client(result.config(null));
      await client.connect();
      try {
        const { rows } = await client.query("select what from public.caught");
        expect(rows).toEqual([]);
        expect((await client.query("select rolsuper from pg_roles where rolname = 'postgres'")).rows).toEqual([
          { rolsuper: false },
        ]);
        await expect(client.query("select pg_read_file('/etc/passwd')")).rejects.toMatchObject({ code: "42501" });
      } finally {
        await client.end();
      }
    });
  });

  test("the spy tells when it runs as superuser, and then the role is none again", async () => {
    const result = await run(spy);
    const sandbox = await sandboxFor(server.version);
    const session = await openSession(sandbox, 10_000);
    onTestFinished(() => session.close());
    expect(await asSuperuser(sandbox, session, () => session.run("select public.spy()"))).toBeUndefined();
    expect(await session.own("select what from public.caught")).toEqual([{ what: "superuser postgres" }]);
    expect(await supers()).toEqual(["stolen", await superuser()].toSorted());
    expect(await session.run("select pg_read_file('/etc/passwd')")).toMatchObject({ sqlstate: "42501" });
    expect(result.snapshot.roles.find(({ name }) => name === "postgres")).toMatchObject({ superuser: false });
  });

  test("the superuser's password is in no place that a migration can read", async () => {
    const sandbox = await sandboxFor(server.version);
    const result = await run(
      "create table seen as select * from pg_settings; create table roles as select * from pg_roles;",
    );
    expect(JSON.stringify(result.snapshot)).not.toContain(sandbox.server.password);
    const client = new pg.Client(result.config(null));
    await client.connect();
    const { rows } = await client.query("select s::text from seen s union all select r::text from roles r");
    await client.end();
    expect(JSON.stringify(rows)).not.toContain(sandbox.server.password);
    expect(await readFile(join(sandbox.dataFolder, "pg_hba.conf"), "utf8")).not.toContain(sandbox.server.password);
  });
});
