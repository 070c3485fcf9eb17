// What a replay makes of ordinary migrations: outcomes, places, catalog, history.
import { describeServers } from "@watertight/testkit";
import { expect, onTestFinished, test } from "vitest";
import { objectKey } from "../../src/history/object-key.ts";
import type { Replay } from "../../src/replay/replay.ts";
import { migration, replayed } from "../support/replayed.ts";

const projects = { schema: "public", name: "projects" };
const failures = ({ statements }: Replay): string[] =>
  statements.flatMap(({ place, outcome }) =>
    outcome.state === "ran" ? [] : [`${place.line} ${outcome.state}: ${outcome.reason}`],
  );

describeServers((server) => {
  const run = async (
    ...[sql, options]: [Parameters<typeof replayed>[1], Parameters<typeof replayed>[2]?]
  ): Promise<Replay> => {
    const result = await replayed(server, sql, options);
    onTestFinished(() => result.close());
    return result;
  };

  test("each object knows the statement that made it what it is", async () => {
    const result = await run(`create role shop_owner nologin;
create role shop_app login nobypassrls;
create table tenants (id uuid primary key);
create table projects (
  id uuid, tenant_id uuid not null references tenants,
  primary key (tenant_id, id));
alter table projects owner to shop_owner;
alter table projects enable row level security;
alter table projects force row level security;
create policy mine on projects to shop_app using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
grant select, insert on projects to shop_app;
create function f(a int, b text default 'x') returns int language sql as 'select 1';
alter table projects add column note text;
revoke insert on projects from shop_app;
create index on projects (note);
alter role shop_app set app.mode = 'x';
grant shop_owner to shop_app;
alter default privileges in schema public grant select on tables to shop_app;
`);
    expect(failures(result)).toEqual([]);
    const { history, snapshot } = result;
    const line = (...keys: string[]): number | undefined => history.origin(...keys)?.place.line;
    expect({
      relation: line(objectKey.relation(projects)),
      rowSecurity: line(objectKey.rowSecurity(projects)),
      forced: line(objectKey.forced(projects)),
      policy: line(objectKey.policy(projects, "mine")),
      grant: line(objectKey.grant(objectKey.relation(projects), "shop_app")),
      routine: line(objectKey.routine("public.f(integer,text)")),
      column: line(objectKey.column(projects, "note")),
      key: line(objectKey.constraint(projects, "projects_pkey")),
      index: line(objectKey.index({ schema: "public", name: "projects_note_idx" })),
      role: line(objectKey.role("shop_app")),
      setting: line(objectKey.setting("shop_app", "app.mode")),
      membership: line(objectKey.membership("shop_owner", "shop_app")),
      defaults: line(objectKey.defaultPrivileges("postgres", "public")),
      nothing: line(objectKey.role("nobody")),
    }).toEqual({
      relation: 7,
      rowSecurity: 8,
      forced: 9,
      policy: 10,
      grant: 14,
      routine: 12,
      column: 13,
      key: 4,
      index: 15,
      role: 2,
      setting: 16,
      membership: 17,
      defaults: 18,
      nothing: undefined,
    });
    expect(history.all(objectKey.relation(projects)).map(({ place }) => place.line)).toEqual([4, 7]);
    expect(snapshot.relations.find(({ name }) => name === "projects")).toMatchObject({
      owner: "shop_owner",
      rowSecurity: true,
      forced: true,
    });
    expect(snapshot.memberships.filter(({ member }) => !member.startsWith("pg_") && member !== "postgres")).toEqual([
      expect.objectContaining({ role: "shop_owner", member: "shop_app" }),
    ]);
    // what was arranged so that the owner could hand over its table is not shown
    expect(
      snapshot.memberships.filter(({ member, set, inherit }) => member === "postgres" && (set || inherit)),
    ).toEqual([]);
  });

  test("a statement that fails is told with its reason and does not take down the rest of its transaction", async () => {
    const result = await run([
      migration("create table a (id int);\ncreate table b (id nosuchtype);\ncreate table c (id int)", {
        transaction: true,
      }),
    ]);
    expect(result.statements.map(({ outcome }) => outcome)).toEqual([
      { state: "ran" },
      { state: "failed", reason: 'type "nosuchtype" does not exist', sqlstate: "42704" },
      { state: "ran" },
    ]);
    expect(result.snapshot.relations.map(({ name }) => name)).toEqual(["a", "c"]);
  });
});
