// Contexts that are more than a setting with an id: the key of a session, a signed value, a text that must be a uuid. The personas must really be
// somebody there, or nothing was attacked, and a table that they cannot read must never look like one that is closed.
import { readFile } from "node:fs/promises";
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import { type AttackGround, attackGround } from "./attack-ground.ts";

const club = (): Promise<string> =>
  readFile(new URL("../rules/clean-styles/session-rows-and-invitations.sql", import.meta.url), "utf8");
const attacked = async (ground: AttackGround): ReturnType<typeof attackSchema> => {
  try {
    return await attackSchema(ground.server, ground.facts, { seed: "club" });
  } finally {
    await ground.drop();
  }
};

describeServers((server) => {
  test("a key of a session is the context, and no id of a user", async () => {
    const ground = await attackGround(server, await club());
    const { context } = ground.facts.understanding;
    expect(context).toEqual([
      {
        kind: "setting",
        setting: "club.login",
        holds: "user",
        session: {
          relation: { schema: "club_private", name: "logins" },
          column: "token",
          person: "person_id",
          type: "text",
        },
      },
    ]);
    const matrix = await attacked(ground);
    expect(matrix.seeded.filter(({ problem }) => problem !== null)).toEqual([]);
    const of = (table: string, column: string): string => {
      const cell = matrix.cells.find((each) => each.table.name === table && each.column === column);
      return `${cell?.verdict} ${cell?.reason ?? ""}`.trim();
    };
    // A sees its own rows, so that "0 rows of B" means something
    for (const table of ["groups", "group_members", "invitations", "person_emails"])
      expect([table, of(table, "read")]).toEqual([table, expect.stringMatching(/^BLOCKED/)]);
    expect(of("people", "read")).toMatch(/^LEAK/);
    const calls = matrix.cells.flatMap(({ attempts }) => attempts).filter(({ vector }) => vector === "D4");
    expect(calls.filter(({ result }) => result === "leaked")).toEqual([]);
    // nobody can name another's session
    expect(matrix.notes.map(({ vector }) => vector)).not.toContain("C8");
  });

  test("a function that believes an id is found out", async () => {
    const sql = `create function club.group_names(wanted uuid) returns setof text language sql stable security definer set search_path = ''
        as $$ select name from club.groups where id = wanted and club.me() is not null $$;
      grant execute on function club.group_names(uuid) to club_visitor;`;
    const matrix = await attacked(await attackGround(server, (await club()) + sql));
    const cell = matrix.cells.find(({ table, column }) => table.name === "groups" && column === "side-door");
    expect(cell?.verdict).toBe("LEAK");
    expect(cell?.attempts.filter(({ result }) => result === "leaked").map(({ object }) => object)).toContain(
      "group_names",
    );
  });

  const shelf = (policy: string): string => `
    create role shelf_owner nologin;
    create role shelf_app login;
    create schema shelf authorization shelf_owner;
    grant usage on schema shelf to shelf_app;
    set role shelf_owner;
    create table shelf.tenants (id text primary key);
    create table shelf.books (tenant_id text not null references shelf.tenants, id bigint generated always as identity, title text not null, primary key (tenant_id, id));
    create table shelf.seals (pad text not null);
    insert into shelf.seals values ('pad');
    create function shelf.enter(tenant text, proof text) returns void language plpgsql security definer set search_path = '' as $$
      begin
        perform pg_catalog.set_config('shelf.sealed', tenant || ':' || pg_catalog.md5(tenant || (select s.pad from shelf.seals s)), true);
      end $$;
    create function shelf.entered() returns text language plpgsql stable security definer set search_path = '' as $$
      declare
        parts text[] := pg_catalog.string_to_array(pg_catalog.current_setting('shelf.sealed', true), ':');
      begin
        if parts[2] is distinct from pg_catalog.md5(parts[1] || (select s.pad from shelf.seals s)) then
          raise exception 'not sealed' using errcode = '28000';
        end if;
        return parts[1];
      end $$;
    revoke execute on function shelf.enter(text, text), shelf.entered() from public;
    grant execute on function shelf.enter(text, text), shelf.entered() to shelf_app;
    alter table shelf.tenants enable row level security;
    alter table shelf.books enable row level security;
    alter table shelf.tenants force row level security;
    alter table shelf.books force row level security;
    create policy own on shelf.tenants using (${policy.replace("tenant_id", "id")});
    create policy own on shelf.books using (${policy});
    grant select on shelf.tenants to shelf_app;
    grant select, insert, update, delete on shelf.books to shelf_app;`;
  const reading = async (sql: string): Promise<string[]> => {
    const matrix = await attacked(await attackGround(server, sql));
    const cell = matrix.cells.find(({ table, column }) => table.name === "books" && column === "read");
    const own = cell?.attempts.find(({ name }) => name.startsWith("select without filter, in A's context"));
    return [`${cell?.verdict}`, `${own?.evidence}`];
  };

  test("a value that a function seals is set by that function", async () => {
    expect(await reading(shelf("tenant_id = shelf.entered()"))).toEqual(["BLOCKED", "0 rows of tenant B, 2 others"]);
  });

  test("texts that the policy casts to uuid are uuids", async () => {
    expect(await reading(shelf("tenant_id::uuid = current_setting('shelf.tenant', true)::uuid"))).toEqual([
      "BLOCKED",
      "0 rows of tenant B, 2 others",
    ]);
  });

  test("who gets an error in place of its own rows has proved nothing", async () => {
    const policy = "tenant_id = shelf.entered() and current_setting('shelf.other', true)::int = 7";
    const [verdict, evidence] = await reading(shelf(policy));
    expect(evidence).not.toMatch(/^42501/);
    expect(verdict).toBe("UNVERIFIED");
  });
});
