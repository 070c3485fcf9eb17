// The reader of the catalog against a schema that has one of everything: what it says, and that it says the same to everyone.
import { type Column, readSnapshot, type Relation, type Snapshot } from "@watertight/schema";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { everything } from "./everything.ts";

describeServers((server) => {
  let db: TestDatabase;
  let snapshot: Snapshot;
  beforeAll(async () => {
    db = await createDatabase(server);
    await db.admin.query(everything);
    snapshot = await readSnapshot(db.admin);
  });
  afterAll(() => db.drop());

  const relation = (name: string): Relation => snapshot.relations.find((each) => each.name === name)!;
  const column = (table: string, name: string): Column | undefined =>
    relation(table).columns.find((each) => each.name === name);
  const app = (name: string): { schema: string; name: string } => ({ schema: "app", name });

  it("is plain data that survives JSON", () => {
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot.unreadable).toEqual([]);
    expect(Math.floor(snapshot.version / 10_000)).toBe(server.version);
    expect(snapshot.database).toMatchObject({ name: db.name, owner: server.superuser });
    expect(snapshot.schemas.map(({ name }) => name)).toEqual(["app", "public"]);
  });

  describe("relations", () => {
    it("have flags, options, comments", () => {
      expect(relation("projects")).toMatchObject({
        kind: "r",
        rowSecurity: true,
        forced: true,
        comment: "of a tenant",
      });
      expect(relation("open_projects")).toMatchObject({ kind: "v", options: ["security_invoker=true"] });
      expect(relation("far")).toMatchObject({ kind: "f", server: "far" });
      expect(relation("notes")).toMatchObject({ rowSecurity: false, options: [], partitioning: null, server: null });
    });

    it("have the list of rights in force, also where the catalog has none", () => {
      const owner = { role: server.superuser, grantor: server.superuser, grantable: false };
      const all = ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"];
      if (server.version >= 17) all.splice(2, 0, "MAINTAIN");
      expect(relation("notes").acl).toEqual(all.map((privilege) => ({ ...owner, privilege })));
      expect(relation("projects").acl.filter(({ role }) => role !== server.superuser)).toEqual([
        { role: "public", privilege: "SELECT", grantor: server.superuser, grantable: false },
        { role: "pg_monitor", privilege: "SELECT", grantor: server.superuser, grantable: true },
      ]);
      expect(relation("free").acl.map(({ role, privilege }) => `${role} ${privilege}`)).toEqual([
        "pg_monitor USAGE",
        ...["SELECT", "UPDATE", "USAGE"].map((privilege) => `${server.superuser} ${privilege}`),
      ]);
      expect(column("projects", "title")?.acl).toEqual([
        { role: "public", privilege: "UPDATE", grantor: server.superuser, grantable: false },
      ]);
      expect(snapshot.database.acl.filter(({ role }) => role === "public").map(({ privilege }) => privilege)).toEqual([
        "CONNECT",
        "TEMPORARY",
      ]);
    });

    it("know their parents, partitions, and what a view reads and calls", () => {
      expect(relation("children").parents).toEqual([app("serials")]);
      expect(relation("events").partitioning).toEqual({ strategy: "list", columns: ["tenant_id"] });
      expect(relation("events_one")).toMatchObject({
        kind: "p",
        isPartition: true,
        parents: [app("events")],
        partitionBound: "FOR VALUES IN ('aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa')",
        partitioning: { strategy: "range", columns: ["lower(note)", "at"] },
      });
      expect(relation("open_projects").reads).toEqual([app("members"), app("projects")]);
      expect(relation("open_projects").calls).toEqual(["app.is_member(uuid,uuid)"]);
      expect(relation("nested").reads).toEqual([app("open_projects")]);
      expect(relation("counts").reads).toEqual([app("projects")]);
      expect(relation("serials_id_seq").ownedBy).toEqual({ ...app("serials"), column: "id" });
      expect(relation("projects_id_seq").ownedBy).toEqual({ ...app("projects"), column: "id" });
      expect(relation("free").ownedBy).toBeNull();
    });
  });

  it("columns: types down to the last, NOT NULL by a domain, defaults, generation", () => {
    expect(column("projects", "tenant_id")).toEqual({
      name: "tenant_id",
      number: 1,
      type: "app.tenant",
      baseType: "uuid",
      typeKind: "d",
      enumLabels: null,
      notNull: true,
      default: null,
      generated: null,
      identity: null,
      deterministicCollation: true,
      acl: [],
    });
    expect(column("projects", "states")).toMatchObject({ baseType: "app.state", enumLabels: ["draft", "sent"] });
    expect(column("projects", "state")).toMatchObject({ typeKind: "e", enumLabels: ["draft", "sent"] });
    expect(column("projects", "tags")).toMatchObject({ type: "app.tags", baseType: "text", enumLabels: null });
    expect(column("projects", "title")).toMatchObject({
      type: "character varying(20)",
      notNull: false,
      default: "('it''s'::text || chr(33))",
    });
    expect(column("projects", "id")).toMatchObject({ identity: "always", notNull: true, default: null });
    expect(column("projects", "number")).toMatchObject({ identity: "by default" });
    expect(column("projects", "doubled")).toMatchObject({ generated: "stored", default: "(2 * 21)" });
    expect(column("tenants", "name")).toMatchObject({ deterministicCollation: false });
    expect(relation("open_projects").columns.map(({ name }) => name)).toEqual(["id", "user_id"]);
  });

  it("policies: roles, conditions, what they read and call; a name bound inwards shows (B10)", () => {
    const policy = (name: string): Snapshot["policies"][number] | undefined =>
      snapshot.policies.find((each) => each.name === name);
    expect(policy("floor")).toMatchObject({
      relation: app("projects"),
      permissive: false,
      command: "all",
      roles: ["public"],
      check: null,
      reads: [],
      calls: [],
    });
    expect(policy("reading")).toMatchObject({
      command: "select",
      roles: ["pg_monitor", "pg_read_all_data"],
      using: "app.is_member((tenant_id)::uuid)",
      calls: ["app.is_member(uuid,uuid)"],
    });
    expect(policy("inward")?.check).toContain("(m.tenant_id = m.tenant_id)");
    expect(policy("outward")?.using).toContain("(m.tenant_id = (projects.tenant_id)::uuid)");
    expect(policy("outward")).toMatchObject({ command: "update", check: "true", reads: [app("members")] });
  });

  it("constraints: keys in order, actions, functions of a check, no rows of the server's own", () => {
    const constraint = (name: string): Snapshot["constraints"][number] | undefined =>
      snapshot.constraints.find((each) => each.name === name);
    expect(constraint("notes_project")).toMatchObject({
      kind: "foreign",
      columns: ["tenant_id", "project_id"],
      references: {
        relation: app("projects"),
        columns: ["tenant_id", "id"],
        onDelete: "set null",
        onUpdate: "no action",
        match: "full",
      },
      validated: true,
      enforced: true,
      deferrable: true,
    });
    expect(constraint("projects_tenant_id_fkey")?.references).toMatchObject({
      onDelete: "cascade",
      onUpdate: "restrict",
    });
    expect(constraint("notes_body")).toMatchObject({ kind: "check", validated: false });
    expect(constraint("known")?.calls).toEqual(["app.is_member(uuid,uuid)"]);
    const kinds = (table: string): string[] =>
      snapshot.constraints.filter((each) => each.relation.name === table).map(({ kind }) => kind);
    expect(kinds("projects").sort()).toEqual(["foreign", "primary"]);
    expect(kinds("notes").sort()).toEqual(["check", "exclude", "foreign", "trigger", "unique"]);
    // PostgreSQL keeps one row more for each partition referenced
    expect(kinds("to_part")).toEqual(["foreign"]);
  });

  it("indexes: expressions, predicates, operator classes", () => {
    const index = (name: string): Snapshot["indexes"][number] | undefined =>
      snapshot.indexes.find((each) => each.name === name);
    expect(index("notes_lower")).toMatchObject({
      relation: app("notes"),
      method: "btree",
      unique: false,
      columns: ["tenant_id", null],
      expressions: "lower(body)",
      predicate: "(body IS NOT NULL)",
      operatorClasses: ["uuid_ops", "text_pattern_ops"],
    });
    expect(index("notes_unique")).toMatchObject({ unique: true, nullsNotDistinct: true, valid: true });
    expect(index("notes_body_excl")).toMatchObject({ exclusion: true });
    expect(index("projects_pkey")).toMatchObject({ primary: true, columns: ["tenant_id", "id"] });
  });

  it("functions: signature, attributes, settings, body", () => {
    const routine = (name: string): Snapshot["routines"][number] | undefined =>
      snapshot.routines.find((each) => each.name === name);
    expect(routine("is_member")).toMatchObject({
      signature: "app.is_member(uuid,uuid)",
      kind: "function",
      language: "sql",
      securityDefiner: true,
      volatility: "stable",
      arguments: ["uuid", "uuid"],
      argumentNames: ["tenant", "user"],
      settings: ['search_path=""'],
      returns: "boolean",
      atomic: false,
      extension: null,
      body: "select exists (select from app.members where tenant_id = tenant)",
    });
    expect(routine("is_member")?.acl.filter(({ role }) => role === "public")).toMatchObject([{ privilege: "EXECUTE" }]);
    expect(routine("atomic")).toMatchObject({ atomic: true, returnsSet: true, volatility: "volatile" });
    expect(routine("atomic")?.body).toContain("FROM app.tenants");
    expect(routine("nothing")).toMatchObject({
      kind: "procedure",
      signature: "app.nothing(integer)",
      argumentNames: ["a"],
    });
    expect(routine("largest")).toMatchObject({ kind: "aggregate" });
    expect(routine("same")).toMatchObject({ leakproof: true, volatility: "immutable" });
    expect(routine("digest")).toMatchObject({ extension: "pgcrypto" });
    expect(snapshot.operators).toMatchObject([{ ...app("==="), left: "uuid", calls: "app.same(uuid,uuid)" }]);
  });

  it("triggers and rewrite rules", () => {
    const trigger = (name: string): Snapshot["triggers"][number] | undefined =>
      snapshot.triggers.find((each) => each.name === name);
    expect(trigger("touch")).toMatchObject({
      relation: app("notes"),
      calls: "app.touch()",
      timing: "before",
      level: "statement",
      events: ["insert", "update", "truncate"],
      enabled: false,
    });
    expect(trigger("touch_row")).toMatchObject({
      timing: "after",
      level: "row",
      when: "(old.body IS DISTINCT FROM new.body)",
    });
    expect(trigger("later")).toMatchObject({ deferrable: true, events: ["delete"], enabled: true, when: null });
    expect(trigger("instead_of")).toMatchObject({ timing: "instead of" });
    const cloned = snapshot.triggers.filter(({ name }) => name === "of_partitions").map((each) => each.relation.name);
    expect(cloned).toEqual(["events", "events_one", "events_rest"]);
    expect(snapshot.rules).toMatchObject([
      { relation: app("notes"), name: "keep", event: "delete", instead: true, touches: [app("serials")] },
    ]);
  });

  it("what belongs to the whole database", () => {
    expect(snapshot.extensions.map(({ name }) => name)).toEqual(["pgcrypto", "plpgsql"]);
    expect(snapshot.publications).toMatchObject([
      { name: "all_of_it", schemas: ["app"], tables: [{ ...app("projects"), filter: "(number IS NOT NULL)" }] },
      { name: "everything_there", allTables: true, tables: [] },
    ]);
    expect(snapshot.eventTriggers).toMatchObject([{ name: "on_ddl", event: "ddl_command_end", enabled: false }]);
    expect(snapshot.foreignServers).toMatchObject([{ name: "far", wrapper: "nowhere", users: ["public"] }]);
    expect(snapshot.largeObjects).toEqual([{ owner: server.superuser, count: 1, publicReadable: false }]);
    expect(snapshot.defaultPrivileges).toMatchObject([
      { schema: null, objects: "functions", acl: [{ role: server.superuser, privilege: "EXECUTE" }] },
      { schema: "app", objects: "tables", acl: [{ role: "public", privilege: "SELECT" }] },
    ]);
    expect(snapshot.roles.find(({ name }) => name === "pg_monitor")).toMatchObject({
      predefined: true,
      superuser: false,
    });
    expect(snapshot.roles.find(({ name }) => name === server.superuser)).toMatchObject({
      predefined: false,
      superuser: true,
    });
    expect(snapshot.memberships).toContainEqual({
      role: "pg_read_all_stats",
      member: "pg_monitor",
      admin: false,
      inherit: true,
      set: true,
    });
    expect(snapshot.otherDatabases.find(({ name }) => name === "template0")).toMatchObject({ template: true });
    expect(snapshot.serverSettings).toMatchObject({ max_prepared_transactions: "0", search_path: '"$user", public' });
  });

  it("reads only the schemas that it is asked for", async () => {
    const part = await readSnapshot(db.admin, { schemas: ["public"] });
    expect([part.relations, part.policies, part.routines, part.schemas.map(({ name }) => name)]).toEqual([
      [],
      [],
      [],
      ["public"],
    ]);
    expect(part.roles.some(({ name }) => name === server.superuser)).toBe(true);
  });
});
