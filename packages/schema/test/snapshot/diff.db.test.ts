// Differences of two catalogs: each change of a schema is one sentence about the object that changed, and nothing else is said.
import { randomBytes } from "node:crypto";
import { diffSnapshots, readSnapshot, type Snapshot } from "@watertight/schema";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { everything } from "./everything.ts";

const role = `member_${randomBytes(4).toString("hex")}`;

/** A change and what is said of it; `superuser` is filled in. */
const changes: readonly (readonly [sql: string, ...said: string[]])[] = [
  ["alter table app.projects no force row level security", "table app.projects: forced was true, is false"],
  ["grant truncate on app.notes to public", "table app.notes: granted TRUNCATE to public by superuser"],
  ["revoke select on app.projects from public", "table app.projects: revoked SELECT to public by superuser"],
  [
    "grant select on app.projects to pg_read_all_data with grant option",
    "table app.projects: granted SELECT to pg_read_all_data with grant option by superuser",
  ],
  [
    "revoke grant option for select on app.projects from pg_read_all_data",
    "table app.projects: granted SELECT to pg_read_all_data by superuser; revoked SELECT to pg_read_all_data with grant option by superuser",
  ],
  [
    "grant update (state) on app.projects to public",
    "column app.projects.state: granted UPDATE to public by superuser",
  ],
  [
    "alter table app.notes alter body set not null, add extra text default 'x'",
    "column app.notes.body: notNull was false, is true",
    "column app.notes.extra: added",
  ],
  ["alter table app.notes drop extra", "column app.notes.extra: removed"],
  // the number of a dropped column is not given back: what looks the same is the same
  [
    "alter table app.notes add later text; alter table app.notes drop later; alter table app.notes alter body drop not null",
    "column app.notes.body: notNull was true, is false",
  ],
  [
    "alter policy floor on app.projects to pg_monitor using (true)",
    "policy floor on app.projects: roles was public, is pg_monitor; using was ((tenant_id)::uuid = (( SELECT NULLIF(current_setting('app.tenant_id'::text, true), ''::text) AS \"nullif\"))::uuid), is true",
  ],
  ["drop policy reading on app.projects", "policy reading on app.projects: removed"],
  [
    "create or replace view app.open_projects as select p.id, m.user_id from app.projects p join app.members m using (tenant_id) where app.is_member(tenant_id)",
    "view app.open_projects: options was security_invoker=true, is none",
  ],
  [
    "alter function app.is_member security invoker reset search_path",
    'function app.is_member(uuid,uuid): securityDefiner was true, is false; settings was search_path="", is none',
  ],
  ["revoke execute on function app.touch from public", "function app.touch(): revoked EXECUTE to public by superuser"],
  ["alter table app.notes enable trigger touch", "trigger touch on app.notes: enabled was false, is true"],
  [
    "alter table app.notes validate constraint notes_body",
    "constraint notes_body on app.notes: validated was false, is true; definition was CHECK ((body <> ''::text)) NOT VALID, is CHECK ((body <> ''::text))",
  ],
  ["create index notes_body on app.notes (body desc) include (tenant_id)", "index app.notes_body: added"],
  [
    "drop index app.notes_body; create index notes_body on app.notes (body)",
    "index app.notes_body: included was tenant_id, is none; order was desc nulls first, is asc nulls last",
  ],
  ["drop rule keep on app.notes", "rule keep on app.notes: removed"],
  ["comment on table app.projects is null", "table app.projects: comment was of a tenant, is none"],
  [
    "alter default privileges in schema app grant insert on tables to public",
    "default privileges tables of superuser in app: granted INSERT to public by superuser",
  ],
  [
    "alter publication everything_there rename to all_there",
    "publication all_there: added",
    "publication everything_there: removed",
  ],
  [`create role ${role} login`, "role member: added"],
  [`alter role ${role} bypassrls`, "role member: bypassRls was false, is true"],
  [`grant pg_monitor to ${role}`, "membership member in pg_monitor: added"],
  [
    `alter function app.touch owner to ${role}`,
    "function app.touch(): owner was superuser, is member; granted EXECUTE to member by member; revoked EXECUTE to superuser by superuser",
  ],
];

describeServers((server) => {
  let db: TestDatabase;
  let first: Snapshot;
  beforeAll(async () => {
    db = await createDatabase(server);
    await db.admin.query(everything);
    first = await read();
  });
  afterAll(async () => {
    // where a test failed early there is no such role
    await db.admin.query(`drop owned by ${role} cascade; drop role ${role}`).catch(() => {});
    await db.drop();
  });
  // roles of other tests come and go
  const read = async (): Promise<Snapshot> => {
    const own = await readSnapshot(db.admin);
    const mine = (name: string): boolean => name === role || name.startsWith("pg_");
    return {
      ...own,
      roles: own.roles.filter(({ name }) => mine(name)),
      memberships: own.memberships.filter(({ member }) => mine(member)),
      settings: [],
      otherDatabases: [],
    };
  };
  const words = (text: string): string => text.replaceAll(role, "member").replaceAll(server.superuser, "superuser");

  it("says what each change changed", async () => {
    let before = first;
    for (const [sql, ...said] of changes) {
      await db.admin.query(sql);
      const after = await read();
      const texts = diffSnapshots(before, after).map(({ text }) => words(text));
      expect(texts, sql).toEqual(said);
      before = after;
    }
    // and all at once, in both directions
    const there = diffSnapshots(first, before);
    const back = diffSnapshots(before, first);
    expect(there.length).toBeGreaterThan(15);
    expect(diffSnapshots(before, before)).toEqual([]);
    expect(back.map(({ kind, name }) => `${kind} ${name}`)).toEqual(there.map(({ kind, name }) => `${kind} ${name}`));
    const turned = { added: "removed", removed: "added", changed: "changed" } as const;
    expect(back.map(({ change, granted }) => [change, granted])).toEqual(
      there.map(({ change, revoked }) => [turned[change], revoked]),
    );
  });

  it("every part of a snapshot counts", () => {
    for (const part of Object.keys(first) as (keyof Snapshot)[]) {
      if (!Array.isArray(first[part]) || first[part].length === 0) continue;
      const removed = diffSnapshots(first, { ...first, [part]: [] }).filter(({ change }) => change === "removed");
      expect(removed.length, part).toBeGreaterThanOrEqual(first[part].length);
    }
    expect(diffSnapshots(first, { ...first, serverVersion: "1", serverSettings: {} }).length).toBeGreaterThan(10);
    expect(
      diffSnapshots(first, { ...first, database: { ...first.database, owner: "nobody" } }).map(({ text }) =>
        words(text),
      ),
    ).toEqual(["database: owner was superuser, is nobody"]);
  });
});
