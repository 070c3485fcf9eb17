/**
 * Why a row is seen or not: what is answered for each command is compared with what PostgreSQL really does, for rows of the tenant's own and of another,
 * with policies that are joined by OR and AND, that read other tables under row security, that call functions and take whole rows.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import type { CommandAnswer, Explanation, TermValue } from "../../src/why/explanation.ts";
import { whyLive, type WhyLiveRequest } from "../../src/why/why-live.ts";
import { whyReplay } from "../../src/why/why-replay.ts";

const [a, b] = ["aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"];
const id = (digit: number): string => `${digit}0000000-0000-4000-8000-00000000000${digit}`;
const context = "nullif(current_setting('app.tenant_id', true), '')::uuid";

const schema = (app: string): string => `
  create table tenants (id uuid primary key, name text);
  create table members (tenant_id uuid references tenants, person text, primary key (tenant_id, person));
  create table docs (id uuid primary key, tenant_id uuid not null references tenants, state text not null default 'open', hidden boolean, "AND (" text);
  create function is_open(docs) returns boolean language sql stable as 'select $1.state = ''open''';
  insert into tenants values ('${a}', 'a'), ('${b}', 'b');
  insert into members values ('${a}', 'ann'), ('${b}', 'bob');
  insert into docs values ('${id(1)}', '${a}', 'open', false, 'x) OR (y'), ('${id(2)}', '${a}', 'shut', null, null), ('${id(3)}', '${b}', 'open', false, null), ('${id(4)}', '${b}', 'public', true, null);
  alter table members enable row level security; alter table docs enable row level security; alter table docs force row level security;
  create policy own on members using (tenant_id = (select ${context}));
  create policy own on docs using (tenant_id = (select ${context}) and exists (select from members m where m.tenant_id = docs.tenant_id)) with check (tenant_id = (select ${context}));
  create policy shared on docs for select using (state = 'public' or "AND (" = 'it''s AND (');
  create policy not_hidden on docs as restrictive for select using (not coalesce(hidden, false) or state = 'public');
  create policy only_open on docs as restrictive for update using (is_open(docs.*) or docs is null);
  create policy never on docs as restrictive for delete to ${app} using (tenant_id <> '${b}' and hidden is not null);
  grant select on members, tenants to ${app}; grant select, insert, update, delete on docs to ${app};`;

/** Who sees all rows, may act as the application, and is no superuser: what the refusal of one advises. */
const explainer = (name: string, app: string): string =>
  `create role ${name} login bypassrls in role ${app}, pg_read_all_data;`;

async function as<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const leaves = (term: TermValue): TermValue[] => (term.parts.length === 0 ? [term] : term.parts.flatMap(leaves));

describeServers((server) => {
  describe("why on a live database", () => {
    const app = `why_app_${randomBytes(4).toString("hex")}`;
    const all = `${app}_all`;
    let db: TestDatabase;
    beforeAll(async () => {
      db = await createDatabase(server);
      await db.admin.query(`create role ${app} login; ${explainer(all, app)} ${schema(app)}`);
    });
    afterAll(() => db.drop());

    const ask = async (row: string, more: Partial<WhyLiveRequest> = {}, url = db.url(all)): Promise<Explanation> => {
      const resolved = resolveOptions({ config: { roles: { tenant: app } } });
      return await as(url, (client) => whyLive({ db: client, resolved, table: "docs", row, tenant: a, ...more }));
    };

    /** What the command really does to the row, as the role, in the tenant's context. */
    const really = async (command: CommandAnswer["command"], row: string, tenant: string): Promise<boolean> => {
      const client = new pg.Client({ connectionString: db.url(app) });
      await client.connect();
      try {
        const { rows } = await db.admin.query(
          'select d.tenant_id, d.state, d.hidden, d."AND (" as odd from docs d where id = $1',
          [row],
        );
        await client.query("begin");
        await client.query("select set_config('app.tenant_id', $1, true)", [tenant]);
        const { tenant_id, state, hidden, odd } = rows[0];
        const text = {
          select: "select 1 from docs where id = $1",
          insert: "insert into docs values ($1, $2, $3, $4, $5)",
          update: "update docs set state = state where id = $1",
          delete: "delete from docs where id = $1",
        }[command];
        // another key: what is asked of an insert is its policies
        const values = command === "insert" ? [id(9), tenant_id, state, hidden, odd] : [row];
        return (await client.query(text, values).catch(() => ({ rowCount: 0 }))).rowCount === 1;
      } finally {
        await client.query("rollback");
        await client.end();
      }
    };

    test("what it answers is what PostgreSQL does", async () => {
      for (const tenant of [a, b])
        for (const row of [id(1), id(2), id(3), id(4)]) {
          const { commands } = await ask(row, { tenant });
          expect(commands.map(({ command }) => command)).toEqual(["select", "insert", "update", "delete"]);
          for (const { command, allowed, because } of commands)
            expect([tenant, row, command, because, allowed]).toEqual([
              tenant,
              row,
              command,
              because,
              await really(command, row, tenant),
            ]);
          for (const term of commands.flatMap(({ sides }) =>
            sides.flatMap(({ policies }) => policies.map(({ term: one }) => one)),
          ))
            expect(leaves(term).flatMap(({ error }) => error ?? [])).toEqual([]);
        }
    });

    test("each term has its value, its sides, and the one that decides", async () => {
      const { commands, row, rowSecurity, context: said, role } = await ask(id(3));
      expect({ row, rowSecurity, said, role }).toEqual({
        row: { id: id(3), tenant_id: b },
        rowSecurity: "forced",
        said: [`app.tenant_id = ${a}`],
        role: app,
      });
      const [select] = commands;
      expect(select!.because).toContain("no permissive policy lets the row through");
      const own = select!.sides[0]!.policies.find(({ policy }) => policy === "own")!;
      expect(own).toMatchObject({ permissive: true, value: false, decides: true });
      expect(own.term).toMatchObject({ kind: "and", value: false, decides: true });
      const [compares, exists] = own.term.parts;
      expect(compares).toMatchObject({ value: false, decides: true, columns: { tenant_id: b } });
      expect(compares!.sides.map(({ value }) => value)).toEqual([b, a]);
      // members are under row security themselves: the other tenant's are not seen
      expect(exists).toMatchObject({ value: false, decides: false });
      expect(exists!.text).toMatch(/^EXISTS/);
    });

    test("a whole row, a null, and names like keywords are told as they are", async () => {
      const update = (await ask(id(2))).commands.find(({ command }) => command === "update")!;
      expect(update.because).toContain("restrictive policy only_open stops the row");
      const open = update.sides[0]!.policies.find(({ policy }) => policy === "only_open")!;
      expect(open.term.parts.map(({ text, value }) => [text.replace(/^public\./, ""), value])).toEqual([
        ["is_open(docs.*)", false],
        ["docs.* IS NULL", false],
      ]);
      const shared = (await ask(id(1))).commands[0]!.sides[0]!.policies.find(({ policy }) => policy === "shared")!;
      expect(shared.term.parts[1]).toMatchObject({ value: false, columns: { "AND (": "x) OR (y" } });
    });

    test("a plain role explains what it sees, and is told what it may not", async () => {
      const url = db.url(app);
      expect((await ask(id(1), {}, url)).commands[0]!.allowed).toBe(true);
      await expect(ask(id(3), {}, url)).rejects.toMatchObject({ code: "WT_CHECK_UNKNOWN" });
      await expect(ask(id(8))).rejects.toMatchObject({ code: "WT_CHECK_UNKNOWN" });
      await expect(ask("no uuid")).rejects.toMatchObject({ code: "WT_CHECK_UNKNOWN", exitCode: 2 });
      await expect(ask(id(1), { table: "doks" })).rejects.toThrow("did you mean docs?");
      await expect(ask(id(1), { role: "nobody_at_all" })).rejects.toMatchObject({ code: "WT_CHECK_UNKNOWN" });
      await expect(ask(id(1), { role: server.superuser }, url)).rejects.toMatchObject({ code: "WT_CHECK_DATABASE" });
      expect(await ask(id(3), { role: all })).toMatchObject({ unbound: expect.stringContaining("BYPASSRLS") });
    });

    test("functions that policies call can change nothing, and everything is rolled back", async () => {
      await db.admin.query(`
        create table log (n int); create function noted(uuid) returns boolean language plpgsql security definer as 'begin insert into log values (1); return true; end';
        create table letters (id int primary key, tenant_id uuid references tenants); insert into letters values (7, '${a}'); alter table letters enable row level security;
        create policy own on letters using (tenant_id = ${context} and noted(tenant_id)); grant all on letters to ${app}`);
      const { commands } = await ask("7", { table: "letters" });
      const [compares, noted] = commands[0]!.sides[0]!.policies[0]!.term.parts;
      expect(compares!.value).toBe(true);
      expect(noted!.error).toContain("read-only transaction");
      expect((await db.admin.query("select from log")).rowCount).toBe(0);
    });

    test("the question that refuses a superuser runs nothing of the schema either", async () => {
      const trap = `why_trap_${randomBytes(4).toString("hex")}`;
      const own = await createDatabase(server);
      try {
        // what a mere owner of the database can do
        await own.admin.query(`create schema ${trap}; create table ${trap}.caught (who text);
          create function ${trap}.same(name, name) returns boolean language plpgsql as $$ begin
            if (select rolsuper from pg_catalog.pg_roles where rolname operator(pg_catalog.=) current_user) then insert into ${trap}.caught values (current_user); end if;
            return true; end $$;
          create operator ${trap}.= (leftarg = name, rightarg = name, function = ${trap}.same);
          create operator ${trap}.<> (leftarg = name, rightarg = name, function = ${trap}.same);
          create table public.docs (id int primary key);`);
        await own.admin.query(`alter database ${own.name} set search_path = ${trap}, pg_catalog, public`);
        await expect(
          as(own.adminUrl, (client) =>
            whyLive({ db: client, resolved: resolveOptions({}), table: "docs", row: "1", tenant: a }),
          ),
        ).rejects.toMatchObject({ code: "WT_CHECK_PRIVILEGED" });
        const caught = async (): Promise<unknown> =>
          (await own.admin.query(`select count(*)::int as n from ${trap}.caught`)).rows[0].n;
        expect(await caught()).toBe(0);
        // the trap works for who asks on the database's own path
        await as(own.adminUrl, (client) => client.query("select 1 from pg_roles where rolname = session_user"));
        expect(await caught()).not.toBe(0);
      } finally {
        await own.drop();
      }
    });

    test("code of the schema never acts as a superuser, and as who else logged in it can write nothing", async () => {
      const folder = await mkdtemp(join(tmpdir(), "watertight-why-"));
      const mark = join(folder, "owned");
      try {
        await chmod(folder, 0o777);
        await db.admin.query(`
          create function takes_over() returns boolean language plpgsql as $$ begin
            perform set_config('role', 'none', true);
            if (select rolsuper from pg_roles where rolname = session_user) then execute 'copy (select 1) to program ''touch ${mark}'''; end if;
            create role ${app}_made;
            return true; end $$;
          create table traps (id int primary key, tenant_id uuid references tenants); insert into traps values (7, '${a}'); alter table traps enable row level security;
          create policy own on traps using (takes_over()); grant select on traps to ${app};
          create role ${app}_super superuser; create role ${app}_climbs login bypassrls in role ${app}, ${app}_super;
          create role ${app}_runs login bypassrls in role ${app}, pg_execute_server_program;
          create role ${app}_copies login bypassrls replication in role ${app}; alter role ${all} createrole createdb;`);
        for (const url of [db.adminUrl, ...["climbs", "runs", "copies"].map((name) => db.url(`${app}_${name}`))])
          await expect(ask("7", { table: "traps" }, url)).rejects.toMatchObject({
            code: "WT_CHECK_PRIVILEGED",
            exitCode: 3,
            hint: expect.stringContaining(`in role "${app}", pg_read_all_data`),
          });
        const { commands } = await ask("7", { table: "traps" });
        expect(commands[0]!.sides[0]!.policies[0]!.term.error).toContain("read-only transaction");
        expect(existsSync(mark)).toBe(false);
        expect((await db.admin.query(`select from pg_roles where rolname = '${app}_made'`)).rowCount).toBe(0);
        // the trap works where nothing refuses
        await db.admin.query("select takes_over()");
        expect([existsSync(mark), (await db.admin.query(`drop role ${app}_made`)).command]).toEqual([true, "DROP"]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });

  describe("why where requests carry a person or a session", () => {
    test("the person is found among the tenant's members, the session among the person's", async () => {
      const app = `why_people_${randomBytes(4).toString("hex")}`;
      const db = await createDatabase(server);
      try {
        await db.admin.query(`create role ${app} login; ${explainer(`${app}_all`, app)}
          create table users (id uuid primary key, name text);
          create table sessions (uuid uuid primary key, user_id uuid not null references users);
          create table organizations (id uuid primary key, name text);
          create table organization_members (organization_id uuid references organizations, user_id uuid references users, role text, primary key (organization_id, user_id));
          create table notes (id int primary key, organization_id uuid not null references organizations);
          create function me() returns uuid language sql stable security definer set search_path = public as $$ select user_id from sessions where uuid = nullif(current_setting('jwt.claims.session_id', true), '')::uuid $$;
          create function my_organizations() returns setof uuid language sql stable security definer set search_path = public as 'select organization_id from organization_members where user_id = me()';
          insert into users values ('${a}', 'ann'), ('${b}', 'bob'); insert into sessions values ('${id(5)}', '${a}'), ('${id(6)}', '${b}');
          insert into organizations values ('${id(7)}', 'one'), ('${id(8)}', 'two'); insert into organization_members values ('${id(7)}', '${a}', 'owner'), ('${id(8)}', '${b}', 'owner');
          insert into notes values (1, '${id(7)}'), (2, '${id(8)}'); alter table notes enable row level security;
          create policy own on notes using (organization_id in (select my_organizations())); grant select on notes to ${app}`);
        const resolved = resolveOptions({ config: { roles: { tenant: app } } });
        const ask = (row: string, user?: string): Promise<Explanation> =>
          as(db.url(`${app}_all`), (client) =>
            whyLive({
              db: client,
              resolved,
              table: "notes",
              row,
              tenant: id(7),
              ...(user === undefined ? {} : { user }),
            }),
          );
        const [own, foreign] = [await ask("1"), await ask("2")];
        expect(own).toMatchObject({ user: a, context: [`jwt.claims.session_id = ${id(5)}`] });
        expect([own.commands[0]!.allowed, foreign.commands[0]!.allowed]).toEqual([true, false]);
        expect((await ask("2", b)).commands[0]!.allowed).toBe(true);
        await expect(ask("2", id(9))).rejects.toMatchObject({ code: "WT_CHECK_UNKNOWN" });
      } finally {
        await db.drop();
      }
    });
  });

  describe("why under the kit", () => {
    test("the context is opened as the kit wants it, its token is not told", async () => {
      const db = await createDatabase(server, { kit: true });
      try {
        await db.admin.query(
          `create table projects (id int primary key, tenant_id text not null); insert into projects values (1, 'a'), (2, 'b'); select watertight.register_tenant('a')`,
        );
        const { protectTables } = await import("@watertight/schema");
        await protectTables(db.admin, ["projects"]);
        const all = `why_kit_${randomBytes(4).toString("hex")}`;
        await db.admin.query(explainer(all, db.roles.app));
        const ask = (row: string, tenant = "a"): Promise<Explanation> =>
          as(db.url(all), (client) =>
            whyLive({
              db: client,
              resolved: resolveOptions({ config: { roles: { tenant: db.roles.app } } }),
              table: "projects",
              row,
              tenant,
              kitKey: db.key,
            }),
          );
        await expect(ask("2", "b")).rejects.toMatchObject({ code: "WT_CHECK_DATABASE" });
        const [own, foreign] = [await ask("1"), await ask("2")];
        expect([own.commands[0]!.allowed, foreign.commands[0]!.allowed]).toEqual([true, false]);
        expect(own.context).toEqual(["a signed context of the kit"]);
        expect(JSON.stringify(own)).not.toContain(db.key.split(".").at(-1));
      } finally {
        await db.drop();
      }
    });
  });
});

describe("why on a replay", () => {
  test("one row of each tenant, the same ids in every run", async () => {
    const folder = await mkdtemp(join(tmpdir(), "watertight-why-"));
    try {
      await writeFile(
        join(folder, "schema.sql"),
        `create role shop_app login;\n${schema("shop_app").replaceAll(/insert into [^;]*;/g, "")}`,
      );
      const request = {
        root: folder,
        resolved: resolveOptions({ config: { migrations: { files: ["schema.sql"] }, roles: { tenant: "shop_app" } } }),
        configFile: null,
        table: "docs",
      };
      const rows = await whyReplay(request);
      expect(rows.map(({ commands }) => commands[1]!.allowed)).toEqual([true, false]);
      expect(rows[0]!.role).toBe("shop_app");
      const again = await whyReplay({ ...request, tenant: "b", row: String(rows[1]!.row["id"]) });
      expect(again.map(({ row, commands }) => [row, commands[1]!.allowed])).toEqual([[rows[1]!.row, true]]);
      await expect(whyReplay({ ...request, tenant: "c" })).rejects.toMatchObject({ code: "WT_CHECK_UNKNOWN" });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
