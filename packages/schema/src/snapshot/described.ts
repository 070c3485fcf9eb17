/**
 * A snapshot as a flat list of named objects with printed fields: what two snapshots are compared by. Every field counts unless it is left
 * out here with its reason, so that a new one is compared from its first day.
 */
import type { Grant, QualifiedName, Snapshot } from "./snapshot.ts";

/** Kinds of objects, in the order in which a person wants to read of them. */
export const objectKinds = [
  "server",
  "setting of the server",
  "database",
  "other database",
  "role",
  "membership",
  "setting",
  "extension",
  "schema",
  "relation",
  "column",
  "constraint",
  "index",
  "policy",
  "trigger",
  "rule",
  "function",
  "operator",
  "default privileges",
  "publication",
  "event trigger",
  "foreign server",
  "large objects",
  "unreadable",
] as const;
/** A kind of object. */
export type ObjectKind = (typeof objectKinds)[number];

/** An object with its fields and rights as texts. */
export interface Described {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
  /** For example "SELECT to shop_app". */
  readonly grants: ReadonlySet<string>;
}

const relationWords = {
  r: "table",
  p: "table",
  v: "view",
  m: "materialized view",
  f: "foreign table",
  S: "sequence",
} as const;
const dotted = ({ schema, name }: QualifiedName): string => `${schema}.${name}`;
const on = ({ relation, name }: { readonly relation: QualifiedName; readonly name: string }): string =>
  `${name} on ${dotted(relation)}`;

/** All objects. */
export function* described(snapshot: Snapshot): Generator<Described> {
  yield object("server", "", { version: snapshot.serverVersion }, []);
  for (const [name, value] of Object.entries(snapshot.serverSettings))
    yield object("setting of the server", name, { value }, []);
  // a copy of a database has another name and is the same otherwise
  yield object("database", "", snapshot.database, ["name"]);
  for (const each of snapshot.otherDatabases) yield object("other database", each.name, each, ["name"]);
  for (const each of snapshot.roles) yield object("role", each.name, each, ["name"]);
  for (const each of snapshot.memberships)
    yield object("membership", `${each.member} in ${each.role}`, each, ["member", "role"]);
  for (const each of snapshot.settings)
    yield object(
      "setting",
      `${each.name} of ${each.role === null ? "all roles" : `role ${each.role}`}${each.database === null ? " in all databases" : ""}`,
      each,
      ["name", "role", "database"],
    );
  for (const each of snapshot.extensions) yield object("extension", each.name, each, ["name"]);
  for (const each of snapshot.schemas) yield object("schema", each.name, each, ["name"]);
  for (const each of snapshot.relations) {
    yield object("relation", dotted(each), { ...each, kind: relationWords[each.kind] }, ["schema", "name", "columns"]);
    // a dropped column leaves a gap in the numbers, which nobody sees
    for (const column of each.columns)
      yield object("column", `${dotted(each)}.${column.name}`, column, ["name", "number"]);
  }
  for (const each of snapshot.constraints) yield object("constraint", on(each), each, ["relation", "name"]);
  for (const each of snapshot.indexes) yield object("index", dotted(each), each, ["schema", "name"]);
  for (const each of snapshot.policies) yield object("policy", on(each), each, ["relation", "name"]);
  for (const each of snapshot.triggers) yield object("trigger", on(each), each, ["relation", "name"]);
  for (const each of snapshot.rules) yield object("rule", on(each), each, ["relation", "name"]);
  for (const each of snapshot.routines) yield object("function", each.signature, each, ["schema", "name", "signature"]);
  for (const each of snapshot.operators)
    yield object("operator", `${dotted(each)}(${each.left}, ${each.right})`, each, ["schema", "name", "left", "right"]);
  for (const each of snapshot.defaultPrivileges)
    yield object(
      "default privileges",
      `${each.objects} of ${each.creator}${each.schema === null ? "" : ` in ${each.schema}`}`,
      each,
      ["objects", "creator", "schema"],
    );
  for (const each of snapshot.publications) yield object("publication", each.name, each, ["name"]);
  for (const each of snapshot.eventTriggers) yield object("event trigger", each.name, each, ["name"]);
  for (const each of snapshot.foreignServers) yield object("foreign server", each.name, each, ["name"]);
  for (const each of snapshot.largeObjects) yield object("large objects", `of ${each.owner}`, each, ["owner"]);
  for (const each of snapshot.unreadable) yield object("unreadable", each.what, each, ["what"]);
}

function object(kind: ObjectKind, name: string, item: object, omit: readonly string[]): Described {
  const fields = new Map<string, string>();
  const grants = new Set<string>();
  for (const [field, value] of Object.entries(item) as [string, unknown][]) {
    if (omit.includes(field)) continue;
    if (field !== "acl") fields.set(field, printed(value));
    else for (const grant of value as readonly Grant[]) grants.add(grantText(grant));
  }
  return { kind, name, fields, grants };
}

function grantText({ role, privilege, grantor, grantable }: Grant): string {
  return `${privilege} to ${role}${grantable ? " with grant option" : ""} by ${grantor}`;
}

function printed(value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "string") return value;
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(printed).join(", ");
  const entries = Object.entries(value);
  if (entries.length === 2 && "schema" in value && "name" in value) return dotted(value as QualifiedName);
  return entries.map(([name, part]) => `${name} ${printed(part)}`).join(", ");
}
