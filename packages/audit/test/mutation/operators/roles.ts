/** Mistakes with roles: the application's role that is, owns, or becomes too much. */
import { appended } from "../change.ts";
import { contextSetting } from "../context.ts";
import type { CleanSchema, Operator } from "../mutation.ts";
import { reachedTables } from "../tables.ts";

/** An operator that adds statements for each role of the application, by the superuser. */
function onRoles(
  operator: Omit<Operator, "mutate">,
  more: (role: string, schema: CleanSchema) => readonly string[] | undefined,
): Operator {
  return {
    ...operator,
    mutate: (schema) =>
      schema.roles.flatMap((role) => {
        const by = more(role, schema);
        return by === undefined ? [] : [appended(schema, role, null, ...by)];
      }),
  };
}

/** Owners of tables, as far as a role may be a member of them. */
function ownersOf(schema: CleanSchema): string[] {
  const owners = new Set(reachedTables(schema).map(({ relation }) => relation.owner));
  return schema.facts.snapshot.roles
    .filter(({ name, superuser }) => owners.has(name) && !superuser)
    .map(({ name }) => name);
}

/** Operators on roles. */
export const roleOperators: readonly Operator[] = [
  onRoles({ name: "role-bypasses", what: "the application's role has BYPASSRLS", vectors: ["A4"] }, (role) => [
    `alter role ${role} bypassrls`,
  ]),
  onRoles({ name: "role-superuser", what: "the application's role is a superuser", vectors: ["A4"] }, (role) => [
    `alter role ${role} superuser`,
  ]),
  onRoles({ name: "role-creates-roles", what: "the application's role has CREATEROLE", vectors: ["A6"] }, (role) => [
    `alter role ${role} createrole`,
  ]),
  onRoles({ name: "role-replicates", what: "the application's role has REPLICATION", vectors: ["F9"] }, (role) => [
    `alter role ${role} replication`,
  ]),
  onRoles(
    { name: "joins-bypass-role", what: "the application's role joins one with BYPASSRLS", vectors: ["A5"] },
    (role) => ["create role mutant nologin bypassrls", `grant mutant to ${role}`],
  ),
  onRoles(
    {
      name: "joins-owner",
      what: "the application's role joins the owner",
      vectors: ["A3", "A5", "A7"],
      sparing: "owners that are superusers: PostgreSQL's own, which no migration grants",
    },
    (role, schema) => {
      const owners = ownersOf(schema).filter((owner) => owner !== role);
      return owners.length === 0 ? undefined : owners.map((owner) => `grant ${owner} to ${role}`);
    },
  ),
  onRoles(
    { name: "reads-server-files", what: "the application's role reads files of the server", vectors: ["A8"] },
    (role) => [`grant pg_read_server_files to ${role}`],
  ),
  onRoles({ name: "monitors", what: "the application's role sees everybody's statements", vectors: ["A8"] }, (role) => [
    `grant pg_monitor to ${role}`,
  ]),
  {
    name: "preset-tenant",
    what: "ALTER ROLE … SET gives every new session a tenant",
    vectors: ["C6"],
    sparing: "roles that are only SET to: the settings of the one that logs in count",
    mutate: (schema) => {
      const setting = contextSetting(schema);
      const logins = new Set(
        schema.facts.understanding.roles.filter(({ kind }) => kind !== "service").map(({ login }) => login),
      );
      if (setting === undefined) return [];
      return [...logins].map((login) =>
        appended(schema, login, null, `alter role ${login} set ${setting} = 'aaaaaaaa-0000-4000-8000-00000000000a'`),
      );
    },
  },
  {
    name: "owns-table",
    what: "a table is given to the application's role",
    vectors: ["A7", "A3"],
    mutate: (schema) =>
      reachedTables(schema).map(({ name }) =>
        appended(schema, name, null, `alter table ${name} owner to ${schema.roles[0]}`),
      ),
  },
  {
    name: "owns-schema",
    what: "the schema is given to the application's role",
    vectors: ["A7", "H4"],
    mutate: (schema) =>
      [...new Set(reachedTables(schema).map(({ relation }) => relation.schema))].map((name) =>
        appended(schema, name, null, `alter schema ${name} owner to ${schema.roles[0]}`),
      ),
  },
];
