// The ground that migrations stand on: Supabase, Neon, extensions that are not here, roles and schemas that nobody makes.
import { readdir } from "node:fs/promises";
import { describeServers } from "@watertight/testkit";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { objectKey } from "../../src/history/object-key.ts";
import type { Replay, ReplayOptions } from "../../src/replay/replay.ts";
import { groundOf } from "../../src/replay/stubs/platform.ts";
import { read } from "../parse/set-of.ts";
import { migration, replayed } from "../support/replayed.ts";

const standIns = (await readdir(new URL("../../sql/extensions", import.meta.url))).map((name) =>
  name.replace(".sql", ""),
);

describe("groundOf", () => {
  const platforms = async (sql: string): Promise<readonly string[]> => groundOf(await read(sql)).platforms;
  test.each([
    ["create policy p on t using (auth.uid() = user_id);", ["supabase"]],
    ['create policy p on t using ((select "auth"."uid"()) = user_id);', ["supabase"]],
    ["create table t (id uuid references auth.users);", ["supabase"]],
    ["create policy p on storage.objects using (true);", ["supabase"]],
    ["grant select on t to anon, authenticated;", ["supabase"]],
    ["create policy p on t using (auth.user_id() = owner);", ["neon"]],
    ["create table auth_users (id int); select 'auth.uid'; create table author.users (id int);", []],
    [
      "create schema auth; create function auth.uid() returns uuid language sql as 'select null::uuid'; select auth.uid();",
      [],
    ],
    ["create role anon; create role authenticated; grant select on t to anon, authenticated;", []],
    ["create table t (id int);", []],
  ])("%s", async (sql, expected) => expect(await platforms(sql)).toEqual(expected));

  test("only the parts that are named are made", async () => {
    expect(groundOf(await read("select auth.uid();")).files).toEqual(["supabase/base.sql", "supabase/auth.sql"]);
    expect(groundOf(await read("select storage.foldername('x');")).files).toContain("supabase/storage.sql");
    expect(groundOf(await read("create table t (id int);")).files).toEqual([]);
  });
});

describeServers((server) => {
  const run = async (sql: Parameters<typeof replayed>[1], options?: ReplayOptions): Promise<Replay> => {
    const result = await replayed(server, sql, options);
    onTestFinished(() => result.close());
    return result;
  };
  const problems = ({ statements }: Replay): string[] =>
    statements.flatMap(({ outcome, text }) =>
      outcome.state === "ran" ? [] : [`${outcome.reason} | ${text.slice(0, 80)}`],
    );
  const notes = ({ statements }: Replay): (string | undefined)[] =>
    statements.map(({ outcome }) => (outcome.state === "ran" ? outcome.adapted : outcome.state));

  test("a Supabase project runs as there", async () => {
    const result = await run(`create extension if not exists "uuid-ossp" with schema extensions;
create table public.profiles (id uuid primary key references auth.users on delete cascade, name text, secret text default uuid_generate_v4());
alter table public.profiles enable row level security;
create policy own on public.profiles for select to authenticated using ((select auth.uid()) = id);
create policy claims on public.profiles for update using ((auth.jwt() -> 'app_metadata' ->> 'org') = name);
create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$ begin insert into public.profiles (id) values (new.id); return new; end $$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();
insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true);
create policy files on storage.objects for select to authenticated using (bucket_id = 'avatars' and (storage.foldername(name))[1] = auth.uid()::text);
alter publication supabase_realtime add table public.profiles;
create policy rt on realtime.messages for select to authenticated using (realtime.topic() = 'x');
select vault.create_secret('a', 'b');
create extension pg_cron with schema pg_catalog;
select cron.schedule('nightly', '0 0 * * *', 'delete from public.profiles');
create extension pg_net; create extension pg_graphql; create extension moddatetime schema extensions; create extension supabase_vault;
create trigger touch before update on public.profiles for each row execute procedure extensions.moddatetime(name);
alter default privileges for role postgres in schema public revoke all on functions from anon;
create view public.names with (security_invoker = true) as select name from public.profiles;
grant anon to authenticator;
create schema extensions;
create publication supabase_realtime;
comment on extension plpgsql is 'x';`);
    expect(problems(result)).toEqual([
      expect.stringContaining('schema "extensions" already exists: supabase has it'),
      expect.stringContaining('publication "supabase_realtime" already exists: supabase has it'),
      expect.stringContaining("a comment: "),
    ]);
    const { snapshot, history, given } = result;
    const profiles = snapshot.relations.find(({ name }) => name === "profiles")!;
    const rights = (role: string): string[] =>
      profiles.acl.filter((grant) => grant.role === role).map(({ privilege }) => privilege);
    for (const role of ["anon", "authenticated", "service_role"])
      expect(rights(role)).toEqual(expect.arrayContaining(["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"]));
    expect(snapshot.roles.find(({ name }) => name === "service_role")).toMatchObject({ bypassRls: true, login: false });
    expect(snapshot.extensions.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["pg_cron", "pg_net", "pg_graphql", "moddatetime", "uuid-ossp"]),
    );
    expect(snapshot.relations.find(({ name }) => name === "job")?.extension).toBe("pg_cron");
    const users = objectKey.relation({ schema: "auth", name: "users" });
    expect([given.has(users), history.origin(users)]).toEqual([true, undefined]);
    const trigger = objectKey.trigger({ schema: "auth", name: "users" }, "on_auth_user_created");
    expect(history.origin(trigger)?.place.line).toBe(7);
    expect(given.has(objectKey.relation({ schema: "public", name: "profiles" }))).toBe(false);

    // the functions answer as PostgREST's settings say
    const client = new pg.Client(result.config("authenticator"));
    await client.connect();
    onTestFinished(() => client.end());
    const id = "6a2f41a3-c54c-fce8-32d2-0324e1c32e22";
    await client.query("begin");
    await client.query("select set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)", [
      JSON.stringify({ sub: id, role: "authenticated", email: "a@b.c" }),
    ]);
    const { rows } = await client.query(
      "select auth.uid() as uid, auth.role() as role, auth.email() as email, auth.jwt() ->> 'sub' as sub",
    );
    expect(rows).toEqual([{ uid: id, role: "authenticated", email: "a@b.c", sub: id }]);
    expect(
      (
        await client.query(
          "select (storage.foldername('a/b/c.png'))[2] as f, storage.filename('a/b/c.png') as n, storage.extension('a/c.png') as e",
        )
      ).rows,
    ).toEqual([{ f: "b", n: "c.png", e: "png" }]);
    await expect(client.query("select * from auth.users")).rejects.toMatchObject({ code: "42501" });
  });

  test("a Neon project runs as there", async () => {
    const result = await run(`create extension if not exists pg_session_jwt;
create table todos (id int, owner text default (auth.user_id()));
create policy own on todos for all to authenticated using ((select auth.user_id()) = owner);
create policy none on todos for select to anonymous using (false);
create table notes (user_id text references neon_auth.users_sync (id));
grant neon_superuser to postgres;`);
    expect(problems(result)).toEqual([]);
    expect(result.platforms).toEqual(["neon"]);
  });

  test.each(standIns)("the stand-in for %s is made, inside and outside of a transaction, and dropped", async (name) => {
    const sql = `create schema ext; create extension "${name}" with schema ext; drop extension "${name}" cascade; create extension if not exists "${name}" schema ext cascade; create extension if not exists "${name}"; comment on extension "${name}" is 'x';`;
    for (const transaction of [false, true]) {
      const result = await replayed(server, [migration(sql, { transaction })]);
      try {
        expect(problems(result)).toEqual([]);
        expect(result.snapshot.extensions).toContainEqual(expect.objectContaining({ name, schema: "ext" }));
        const others = result.snapshot.relations.filter(({ extension }) => extension !== name);
        expect(others.map((one) => objectKey.relation(one)).filter((key) => !result.given.has(key))).toEqual([]);
        expect(result.statements[1]).toMatchObject({ asSuperuser: false, outcome: { state: "ran" } });
      } finally {
        await result.close();
      }
    }
  });

  test("what is built on stand-ins is built", async () => {
    const result = await run(`create extension vector; create extension postgis;
create table items (id int primary key, embedding vector(1536), place geometry(Point, 4326), area geography);
create index on items using hnsw (embedding vector_cosine_ops);
create index on items using gist (place);
create function near(q vector) returns setof items language sql stable as 'select * from items order by embedding <=> q limit 5';
insert into items (id, embedding) values (1, '[1,2,3]');
create view around as select id from items where st_dwithin(area, st_point(1, 2)::geography, 5);
create extension pgmq; select pgmq.create('jobs'); select * from pgmq.send('jobs', '{}');
create extension timescaledb; create table metrics (time timestamptz not null, tenant_id uuid); select create_hypertable('metrics', 'time', if_not_exists => true);
alter table metrics set (timescaledb.compress);
create extension postgres_fdw; create server remote foreign data wrapper postgres_fdw options (host 'x'); create user mapping for public server remote;
create foreign table far (id int) server remote;
create extension no_such_extension;`);
    expect(problems(result).map((one) => one.split(" | ")[0])).toEqual([
      expect.stringContaining("an index of an extension that is not here"),
      expect.stringMatching(/gist|operator class/),
      expect.stringContaining("a setting of an extension that is not here"),
      expect.stringContaining('extension "no_such_extension" is not available'),
    ]);
    expect(result.snapshot.relations.find(({ name }) => name === "q_jobs")).toMatchObject({
      schema: "pgmq",
      extension: null,
    });
    expect(result.history.origin("relation pgmq.q_jobs")?.text).toContain("pgmq.create");
    expect(result.snapshot.foreignServers).toMatchObject([{ name: "remote", users: ["public"] }]);
  });

  test("roles and schemas that nobody makes are made, once, and said", async () => {
    const result = await run(`create table t (id int);
grant select on t to app_user;
grant insert on t to app_user, rds_superuser;
create policy p on t to reporter using (true);
alter table t owner to boss;
do $$ begin grant select on t to from_do; end $$;
create table tool.state (id int);
create role app_user login noinherit;
create role boss nologin;
drop role nobody;
set search_path = later; create table x (id int);`);
    expect(problems(result)).toEqual([expect.stringContaining('role "nobody" does not exist')]);
    expect(notes(result).slice(1, 9)).toEqual([
      "role app_user is made by no migration: it was made here",
      "role rds_superuser is made by no migration: it was made here",
      "role reporter is made by no migration: it was made here",
      expect.stringContaining("role boss is made by no migration: it was made here"),
      "role from_do is made by no migration: it was made here",
      "schema tool is made by no migration: it was made here",
      "role app_user was named before it was made",
      "role boss was named before it was made",
    ]);
    const role = (name: string): unknown => result.snapshot.roles.find((one) => one.name === name);
    expect(role("app_user")).toMatchObject({ login: true, inherit: false });
    expect(role("boss")).toMatchObject({ login: false });
    expect(role("rds_superuser")).toMatchObject({ login: false });
    expect(role("reporter")).toMatchObject({ login: true });
    expect(result.madeRoles).toEqual(["rds_superuser", "reporter", "from_do"]);
    expect(result.snapshot.relations.map((one) => `${one.schema}.${one.name}`)).toEqual(
      expect.arrayContaining(["tool.state", "later.x"]),
    );
  });

  test("what is said of the database by its name at home is said of the throw-away one", async () => {
    const result = await run(`create role app login;
revoke connect on database "My Shop" from public;
grant connect on database shop to app;
alter database shop set app.tenant_id = 'x';
comment on database shop is 'x';
drop database shop;`);
    expect(problems(result)).toEqual([expect.stringContaining('database "shop" does not exist')]);
    expect(notes(result)).toContain("the throw-away database stands for database My Shop");
    expect(result.snapshot.database.acl.map(({ role, privilege }) => `${role} ${privilege}`)).toContain("app CONNECT");
    expect(result.snapshot.settings).toContainEqual(expect.objectContaining({ name: "app.tenant_id", value: "x" }));
  });

  test("what only a superuser may do is done as one, and said", async () => {
    const result = await run(`create role app login bypassrls;
create role deputy login superuser replication;
create function leak(text) returns boolean language plpgsql leakproof as $$ begin return true; end $$;
create publication everything for all tables;
create function log_ddl() returns event_trigger language plpgsql as $$ begin raise notice '%', tg_tag; end $$;
create event trigger watch on ddl_command_end execute function log_ddl();
alter role app set app.tenant_id = 'x';
alter database postgres set app.mode = 'y';
alter role app nosuperuser;
create extension pg_stat_statements;
grant pg_read_all_data to app;
set session authorization app; select 1; reset session authorization;`);
    expect(problems(result)).toEqual([]);
    const asSuperuser = result.statements.filter((one) => one.asSuperuser).map(({ place }) => place.line);
    expect(asSuperuser).toEqual(expect.arrayContaining([3, 4, 6, 7, 8, 10]));
    expect(result.snapshot.roles.find(({ name }) => name === "deputy")).toMatchObject({
      superuser: true,
      bypassRls: true,
    });
    expect(result.snapshot.roles.find(({ name }) => name === "app")).toMatchObject({
      bypassRls: true,
      superuser: false,
    });
    expect(result.snapshot.eventTriggers).toMatchObject([{ name: "watch", enabled: true }]);
    expect(result.snapshot.routines.find(({ name }) => name === "leak")).toMatchObject({
      leakproof: true,
      owner: "postgres",
    });
    expect(result.snapshot.publications).toMatchObject([{ name: "everything", allTables: true }]);
    expect(result.snapshot.memberships).toContainEqual(
      expect.objectContaining({ role: "pg_read_all_data", member: "app" }),
    );
    expect(result.snapshot.settings.map(({ role, name }) => [role, name])).toEqual(
      expect.arrayContaining([
        ["app", "app.tenant_id"],
        [null, "app.mode"],
      ]),
    );
  });
});
