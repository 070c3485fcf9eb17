/**
 * What a database's catalog says, as plain data: everything that decides who may see which row. It is read in a few queries by
 * readSnapshot, can be kept as JSON, and is all that rules, inference and fixes look at. Must never hold a row of a table.
 */

/** One entry of an access control list. `role` is "public" for PUBLIC. */
export interface Grant {
  readonly role: string;
  /** SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN, USAGE, CREATE, TEMPORARY, CONNECT, EXECUTE, SET. */
  readonly privilege: string;
  readonly grantor: string;
  readonly grantable: boolean;
}

/** A role; a predefined one (pg_read_all_data …) has `predefined`. */
export interface Role {
  readonly name: string;
  readonly superuser: boolean;
  readonly bypassRls: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly replication: boolean;
  readonly login: boolean;
  readonly inherit: boolean;
  readonly predefined: boolean;
}

/** `member` belongs to `role`. Before PostgreSQL 16 `inherit` is the member's own attribute and `set` is true. */
export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly admin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
}

/** A setting of ALTER ROLE … SET or ALTER DATABASE … SET; null where it holds for all. */
export interface RoleSetting {
  readonly role: string | null;
  readonly database: string | null;
  readonly name: string;
  readonly value: string;
}

/** A name in a schema. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** A column, also of a view. */
export interface Column {
  readonly name: string;
  readonly number: number;
  /** As format_type prints it. */
  readonly type: string;
  /** For a domain the type below it, for an array its element type, down to the last; otherwise as `type`. */
  readonly baseType: string;
  /** b base, e enum, d domain, c composite, r range, m multirange, p pseudo. */
  readonly typeKind: string;
  /** Of an enum; also where a domain or an array stands over it. */
  readonly enumLabels: readonly string[] | null;
  /** By the column or by its domain. False for the NOT VALID kind of 18: rows without a value may be there. */
  readonly notNull: boolean;
  /** The default's or generation's expression. */
  readonly default: string | null;
  readonly generated: "stored" | "virtual" | null;
  readonly identity: "always" | "by default" | null;
  /** False for a collation that calls different strings equal. */
  readonly deterministicCollation: boolean;
  readonly acl: readonly Grant[];
}

/** r table, p partitioned table, v view, m materialized view, f foreign table, S sequence. */
export type RelationKind = "r" | "p" | "v" | "m" | "f" | "S";

/** A table, view, sequence or foreign table outside of the system schemas. */
export interface Relation extends QualifiedName {
  readonly kind: RelationKind;
  readonly owner: string;
  readonly rowSecurity: boolean;
  readonly forced: boolean;
  /** The list in force: the built-in default is written out where the catalog holds null. */
  readonly acl: readonly Grant[];
  readonly columns: readonly Column[];
  /** reloptions as key=value, for example security_invoker=true. */
  readonly options: readonly string[];
  /** How a partitioned table divides its rows. */
  readonly partitioning: { readonly strategy: "list" | "range" | "hash"; readonly columns: readonly string[] } | null;
  /** The parents by INHERITS or PARTITION OF. */
  readonly parents: readonly QualifiedName[];
  readonly isPartition: boolean;
  readonly partitionBound: string | null;
  /** The text of a view. */
  readonly definition: string | null;
  /** Relations that a view or materialized view reads, from pg_depend; nested views are not followed. */
  readonly reads: readonly QualifiedName[];
  /** Signatures of the functions that a view or materialized view calls, PostgreSQL's own left out. */
  readonly calls: readonly string[];
  /** For a sequence: the column that owns it. */
  readonly ownedBy: (QualifiedName & { readonly column: string }) | null;
  /** For a foreign table: its server. */
  readonly server: string | null;
  /** The extension that it belongs to. */
  readonly extension: string | null;
  readonly comment: string | null;
}

/** A row security policy. */
export interface Policy {
  readonly relation: QualifiedName;
  readonly name: string;
  readonly permissive: boolean;
  readonly command: "all" | "select" | "insert" | "update" | "delete";
  /** "public" for PUBLIC. */
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
  /** What its expressions depend on, from pg_depend, the policy's own table left out. */
  readonly reads: readonly QualifiedName[];
  /** Signatures as in {@link Routine}. */
  readonly calls: readonly string[];
}

/** A constraint of a table. */
export interface Constraint {
  readonly relation: QualifiedName;
  readonly name: string;
  /** "not null" only where it was never validated (18); otherwise {@link Column} says it. "trigger" for CREATE CONSTRAINT TRIGGER. */
  readonly kind: "check" | "foreign" | "primary" | "unique" | "exclude" | "not null" | "trigger";
  readonly columns: readonly string[];
  readonly references: {
    readonly relation: QualifiedName;
    readonly columns: readonly string[];
    readonly onDelete: "no action" | "restrict" | "cascade" | "set null" | "set default";
    readonly onUpdate: "no action" | "restrict" | "cascade" | "set null" | "set default";
    readonly match: "simple" | "full" | "partial";
  } | null;
  readonly validated: boolean;
  /** False for NOT ENFORCED (18), which checks nothing. */
  readonly enforced: boolean;
  readonly deferrable: boolean;
  readonly definition: string;
  /** Signatures of functions that a check calls. */
  readonly calls: readonly string[];
}

/** An index; also those behind constraints. */
export interface Index extends QualifiedName {
  readonly relation: QualifiedName;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly exclusion: boolean;
  readonly method: string;
  /** Key columns in order; null where an expression stands. */
  readonly columns: readonly (string | null)[];
  readonly expressions: string | null;
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
  readonly valid: boolean;
  /** Names of the operator classes, in the order of the keys. */
  readonly operatorClasses: readonly string[];
  /** "asc nulls last" and so on, in the order of the keys. */
  readonly order: readonly string[];
  /** Columns of INCLUDE. */
  readonly included: readonly string[];
}

/** A function or procedure outside of the system schemas. */
export interface Routine extends QualifiedName {
  /** schema.name(argument types), as regprocedure prints it when nothing is on the search path. */
  readonly signature: string;
  readonly kind: "function" | "procedure" | "aggregate" | "window";
  readonly owner: string;
  readonly language: string;
  readonly securityDefiner: boolean;
  readonly volatility: "immutable" | "stable" | "volatile";
  readonly parallel: "safe" | "restricted" | "unsafe";
  readonly leakproof: boolean;
  readonly strict: boolean;
  readonly returnsSet: boolean;
  readonly returns: string;
  /** Types of the input arguments. */
  readonly arguments: readonly string[];
  readonly argumentNames: readonly string[];
  /** name=value settings of the function. */
  readonly settings: readonly string[];
  readonly acl: readonly Grant[];
  /** prosrc; for a body of BEGIN ATOMIC what pg_get_function_sqlbody prints. */
  readonly body: string;
  /** True for BEGIN ATOMIC and RETURN bodies: names were bound when it was made. */
  readonly atomic: boolean;
  readonly extension: string | null;
}

/** A trigger that a person made (not those behind foreign keys). */
export interface Trigger {
  readonly relation: QualifiedName;
  readonly name: string;
  /** Signature of its function. */
  readonly calls: string;
  readonly timing: "before" | "after" | "instead of";
  readonly level: "row" | "statement";
  readonly events: readonly ("insert" | "update" | "delete" | "truncate")[];
  readonly deferrable: boolean;
  readonly enabled: boolean;
  readonly when: string | null;
  readonly definition: string;
}

/** A rewrite rule that is not a view's. */
export interface RewriteRule {
  readonly relation: QualifiedName;
  readonly name: string;
  readonly event: "select" | "insert" | "update" | "delete";
  readonly instead: boolean;
  readonly definition: string;
  readonly touches: readonly QualifiedName[];
}

/** ALTER DEFAULT PRIVILEGES; `schema` is null for all schemas. */
export interface DefaultPrivilege {
  readonly creator: string;
  readonly schema: string | null;
  readonly objects: "tables" | "sequences" | "functions" | "types" | "schemas" | "large objects";
  readonly acl: readonly Grant[];
}

/** A publication for logical replication. */
export interface Publication {
  readonly name: string;
  readonly owner: string;
  readonly allTables: boolean;
  readonly schemas: readonly string[];
  readonly tables: readonly (QualifiedName & { readonly filter: string | null })[];
}

/** An event trigger. */
export interface EventTrigger {
  readonly name: string;
  readonly event: string;
  readonly owner: string;
  readonly calls: string;
  readonly enabled: boolean;
}

/** A user-made operator: a policy may find it instead of the built-in one. */
export interface Operator extends QualifiedName {
  readonly owner: string;
  readonly left: string;
  readonly right: string;
  readonly calls: string;
}

/** Something that the reading role was not allowed to read. */
export interface Unreadable {
  /** For example "publications"; that part of the snapshot is empty. */
  readonly what: string;
  readonly why: string;
}

/** The catalog of one database. */
export interface Snapshot {
  /** server_version_num. */
  readonly version: number;
  readonly serverVersion: string;
  readonly database: { readonly name: string; readonly owner: string; readonly acl: readonly Grant[] };
  readonly schemas: readonly { readonly name: string; readonly owner: string; readonly acl: readonly Grant[] }[];
  readonly roles: readonly Role[];
  readonly memberships: readonly Membership[];
  readonly settings: readonly RoleSetting[];
  readonly relations: readonly Relation[];
  readonly policies: readonly Policy[];
  readonly constraints: readonly Constraint[];
  readonly indexes: readonly Index[];
  readonly routines: readonly Routine[];
  readonly triggers: readonly Trigger[];
  readonly rules: readonly RewriteRule[];
  readonly operators: readonly Operator[];
  readonly defaultPrivileges: readonly DefaultPrivilege[];
  readonly extensions: readonly { readonly name: string; readonly version: string; readonly schema: string }[];
  readonly publications: readonly Publication[];
  readonly eventTriggers: readonly EventTrigger[];
  readonly foreignServers: readonly {
    readonly name: string;
    readonly owner: string;
    readonly wrapper: string;
    /** User mappings; "public" for PUBLIC. */
    readonly users: readonly string[];
    readonly acl: readonly Grant[];
  }[];
  /** Owners of large objects and how many each has. */
  readonly largeObjects: readonly {
    readonly owner: string;
    readonly count: number;
    readonly publicReadable: boolean;
  }[];
  /** Other databases of the cluster, for H1 and H3. */
  readonly otherDatabases: readonly {
    readonly name: string;
    readonly owner: string;
    readonly acl: readonly Grant[];
    readonly template: boolean;
  }[];
  /** Settings of the server that rules read, for example max_prepared_transactions, log_parameter_max_length. */
  readonly serverSettings: Readonly<Record<string, string>>;
  /** What is empty because it could not be read. Must be reported, never taken for "there is none". */
  readonly unreadable: readonly Unreadable[];
}
