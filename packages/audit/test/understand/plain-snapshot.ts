// A snapshot written by hand, for tests that need thousands of schemas or a very large one. What nobody names has its plainest value.
import type { Column, Constraint, Policy, Relation, Role, Routine, Snapshot } from "@watertight/schema";

/** A column of a type. */
export function column(name: string, type = "uuid", more: Partial<Column> = {}): Column {
  return {
    name,
    number: 1,
    type,
    baseType: type,
    typeKind: "b",
    enumLabels: null,
    notNull: true,
    default: null,
    generated: null,
    identity: null,
    deterministicCollation: true,
    acl: [],
    ...more,
  };
}

/** A table in public. */
export function table(name: string, columns: readonly Column[], more: Partial<Relation> = {}): Relation {
  return {
    schema: "public",
    name,
    kind: "r",
    owner: "owner",
    rowSecurity: true,
    forced: true,
    acl: [],
    columns,
    options: [],
    partitioning: null,
    parents: [],
    isPartition: false,
    partitionBound: null,
    definition: null,
    reads: [],
    ownedBy: null,
    extension: null,
    comment: null,
    calls: [],
    server: null,
    ...more,
  };
}

function constraint(on: Relation, kind: Constraint["kind"], columns: readonly string[]): Constraint {
  return {
    relation: { schema: on.schema, name: on.name },
    name: `${on.name}_${columns.join("_")}_${kind}`,
    kind,
    columns,
    references: null,
    validated: true,
    enforced: true,
    deferrable: false,
    definition: "",
    calls: [],
  };
}

/** A primary key. */
export function primary(on: Relation, ...columns: string[]): Constraint {
  return constraint(on, "primary", columns);
}

/** A foreign key. */
export function foreign(
  on: Relation,
  columns: readonly string[],
  to: Relation,
  toColumns: readonly string[],
): Constraint {
  return {
    ...constraint(on, "foreign", columns),
    references: {
      relation: { schema: to.schema, name: to.name },
      columns: toColumns,
      onDelete: "no action",
      onUpdate: "no action",
      match: "simple",
    },
  };
}

/** A policy for everybody. */
export function policy(on: Relation, using: string, name = "p"): Policy {
  return {
    relation: { schema: on.schema, name: on.name },
    name,
    permissive: true,
    command: "all",
    roles: ["public"],
    using,
    check: null,
    reads: [],
    calls: [],
  };
}

/** A function of one argument. */
export function routine(name: string, language: string, body: string, argument = "x"): Routine {
  return {
    schema: "public",
    name,
    signature: `public.${name}(uuid)`,
    kind: "function",
    owner: "owner",
    language,
    securityDefiner: false,
    volatility: "stable",
    parallel: "unsafe",
    leakproof: false,
    strict: false,
    returnsSet: false,
    returns: "uuid",
    arguments: ["uuid"],
    argumentNames: [argument],
    settings: [],
    acl: [],
    body,
    atomic: false,
    extension: null,
  };
}

/** A role that may log in. */
export function role(name: string, more: Partial<Role> = {}): Role {
  return {
    name,
    superuser: false,
    bypassRls: false,
    createRole: false,
    createDb: false,
    replication: false,
    login: true,
    inherit: true,
    predefined: false,
    ...more,
  };
}

/** A snapshot with these parts. */
export function snapshot(parts: Partial<Snapshot>): Snapshot {
  return {
    version: 180004,
    serverVersion: "18.4",
    database: { name: "db", owner: "owner", acl: [] },
    schemas: [{ name: "public", owner: "owner", acl: [] }],
    roles: [role("owner", { login: false })],
    memberships: [],
    settings: [],
    relations: [],
    policies: [],
    constraints: [],
    indexes: [],
    routines: [],
    triggers: [],
    rules: [],
    operators: [],
    defaultPrivileges: [],
    extensions: [],
    publications: [],
    eventTriggers: [],
    foreignServers: [],
    largeObjects: [],
    otherDatabases: [],
    serverSettings: {},
    unreadable: [],
    ...parts,
  };
}
