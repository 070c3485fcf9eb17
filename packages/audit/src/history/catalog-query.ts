/**
 * The rows of the catalog that a statement wrote: all whose xmin is younger than the last one seen. A row of the answer is the identity of an
 * object and what decides its keys. It runs on the connection of the migrations, so every name must resolve in pg_catalog and nowhere else,
 * and nothing is installed in the user's database that a migration could find and change.
 */

/** What a row is about. `sub` tells apart what has no OID of its own. */
export interface CatalogRow {
  readonly kind: RowKind;
  readonly oid: number;
  readonly sub: string;
  readonly xid: number;
  /** Null for a row that was seen before. */
  readonly data: RowData | null;
}

/** Names of a kind of row; see the query. */
export type RowKind =
  | "schema"
  | "relation"
  | "column"
  | "default"
  | "constraint"
  | "policy"
  | "trigger"
  | "rule"
  | "inherits"
  | "routine"
  | "type"
  | "default acl"
  | "publication"
  | "published"
  | "event trigger"
  | "extension"
  | "operator"
  | "server"
  | "large object"
  | "membership"
  | "setting"
  | "database"
  | "role";

/** Privileges by the OID of their holder, "0" for PUBLIC. */
export type AclData = Readonly<Record<string, string>>;

/** What a row says; which fields are there depends on the kind. */
export interface RowData {
  readonly name?: string;
  /** The name with the quotes that it needs. */
  readonly quoted?: string;
  /** OID of the schema. */
  readonly schema?: number;
  /** OID of the relation that it belongs to. */
  readonly relation?: number;
  /** OID of a role: owner, creator, granted role. */
  readonly role?: number;
  readonly member?: number;
  /** relkind. */
  readonly type?: string;
  readonly rowSecurity?: boolean;
  readonly forced?: boolean;
  /** Whatever else makes the object what it is, as text. */
  readonly shape?: string;
  /** Argument types of a routine or operator, as format_type prints them with nothing on the path. */
  readonly args?: string;
  readonly acl?: AclData | null;
  readonly config?: readonly string[] | null;
}

const acl = (list: string, kind: string, owner: string): string =>
  `(select json_object_agg(g.grantee::text, g.privileges) from (select a.grantee, string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ',' order by a.privilege_type) as privileges
      from aclexplode(coalesce(${list}, acldefault('${kind}', ${owner}))) a group by a.grantee) g)`;

const object = (fields: Readonly<Record<string, string>>): string =>
  `json_build_object(${Object.entries(fields)
    .map(([name, value]) => `'${name}', ${value}`)
    .join(", ")})`;

const args = (types: string): string =>
  `(select coalesce(string_agg(format_type(t.oid, null), ',' order by t.ord), '') from unnest(${types}) with ordinality t(oid, ord))`;

interface Part {
  readonly kind: RowKind;
  readonly oid: string;
  readonly sub?: string;
  readonly from: string;
  /** Alias of the row whose xmin counts. */
  readonly row: string;
  readonly where?: string;
  readonly data: Readonly<Record<string, string>>;
  /** Which rows have to do with what a statement names. */
  readonly near?: string;
}

const user = 16384;
const sub = (relation: string): string => `${relation} >= ${user}`;
/** For rows that are looked for by their relation: must not tempt the planner to walk the index of all OIDs (measured with 200 tables: half the time). */
const ours = (oid: string): string => `${oid}::bigint >= ${user}`;

const parts: readonly Part[] = [
  {
    kind: "schema",
    oid: "n.oid",
    from: "pg_namespace n",
    row: "n",
    where: `(n.oid >= ${user} or n.nspname = 'public') and n.nspname !~ '^pg_(temp|toast)'`,
    data: { name: "n.nspname", role: "n.nspowner", acl: acl("n.nspacl", "n", "n.nspowner") },
  },
  {
    kind: "relation",
    near: "c.oid = any (array(select oid from named))",
    oid: "c.oid",
    from: "pg_class c left join pg_index i on i.indexrelid = c.oid",
    row: "c",
    where: `c.oid >= ${user} and c.relkind <> 't' and c.relpersistence <> 't'`,
    data: {
      name: "c.relname",
      schema: "c.relnamespace",
      relation: "i.indrelid",
      role: "c.relowner",
      type: "c.relkind",
      rowSecurity: "c.relrowsecurity",
      forced: "c.relforcerowsecurity",
      shape: "concat(c.reloptions::text, c.relispartition, c.relreplident)",
      acl: `case when c.relkind in ('r', 'p', 'v', 'm', 'f') then ${acl("c.relacl", "r", "c.relowner")} when c.relkind = 'S' then ${acl("c.relacl", "s", "c.relowner")} end`,
    },
  },
  {
    kind: "column",
    near: "a.attrelid = any (array(select oid from named))",
    oid: "a.attrelid",
    sub: "a.attnum::text",
    from: "pg_attribute a join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'",
    row: "a",
    where: `${sub("a.attrelid")} and a.attnum > 0 and not a.attisdropped`,
    data: {
      name: "a.attname",
      relation: "a.attrelid",
      acl: `case when a.attacl is not null then ${acl("a.attacl", "c", "c.relowner")} end`,
    },
  },
  {
    kind: "default",
    near: "d.adrelid = any (array(select oid from named))",
    oid: "d.adrelid",
    sub: "d.adnum::text",
    from: "pg_attrdef d",
    row: "d",
    where: sub("d.adrelid"),
    data: { relation: "d.adrelid" },
  },
  {
    kind: "constraint",
    near: "k.conrelid = any (array(select oid from named))",
    oid: "k.oid",
    from: "pg_constraint k",
    row: "k",
    where: `${ours("k.oid")} and k.conrelid <> 0`,
    data: { name: "k.conname", relation: "k.conrelid" },
  },
  {
    kind: "policy",
    near: "p.polrelid = any (array(select oid from named))",
    oid: "p.oid",
    from: "pg_policy p",
    row: "p",
    data: { name: "p.polname", relation: "p.polrelid" },
  },
  {
    kind: "trigger",
    near: "t.tgrelid = any (array(select oid from named))",
    oid: "t.oid",
    from: "pg_trigger t",
    row: "t",
    where: `${ours("t.oid")} and not t.tgisinternal`,
    data: { name: "t.tgname", relation: "t.tgrelid" },
  },
  {
    kind: "rule",
    near: "r.ev_class = any (array(select oid from named))",
    oid: "r.oid",
    from: "pg_rewrite r",
    row: "r",
    where: ours("r.oid"),
    data: { name: "r.rulename", relation: "r.ev_class" },
  },
  {
    kind: "inherits",
    near: "i.inhrelid = any (array(select oid from named))",
    oid: "i.inhrelid",
    sub: "i.inhparent::text",
    from: "pg_inherits i",
    row: "i",
    where: sub("i.inhrelid"),
    data: { relation: "i.inhrelid" },
  },
  {
    kind: "routine",
    near: "p.proname = any ($2)",
    oid: "p.oid",
    from: "pg_proc p",
    row: "p",
    // of PostgreSQL's own only those on which somebody changed the rights
    where: `(p.oid >= ${user} or p.proacl is not null)`,
    data: {
      name: "p.proname",
      quoted: "quote_ident(p.proname)",
      schema: "p.pronamespace",
      role: "p.proowner",
      args: args("p.proargtypes::oid[]"),
      shape:
        "md5(concat(p.prosrc, p.prosqlbody, p.proconfig, p.prosecdef, p.proleakproof, p.provolatile, p.proparallel, p.proisstrict))",
      acl: acl("p.proacl", "f", "p.proowner"),
    },
  },
  {
    kind: "type",
    oid: "t.oid",
    from: "pg_type t left join pg_class c on c.oid = t.typrelid",
    row: "t",
    where: `t.oid >= ${user} and t.typcategory <> 'A' and t.typtype in ('b', 'c', 'd', 'e', 'r') and (t.typrelid = 0 or c.relkind = 'c')`,
    data: { name: "t.typname", schema: "t.typnamespace", role: "t.typowner" },
  },
  {
    kind: "default acl",
    oid: "d.oid",
    from: "pg_default_acl d",
    row: "d",
    data: { role: "d.defaclrole", schema: "d.defaclnamespace" },
  },
  {
    kind: "publication",
    oid: "p.oid",
    from: "pg_publication p",
    row: "p",
    data: { name: "p.pubname" },
  },
  {
    kind: "published",
    oid: "r.oid",
    from: "pg_publication_rel r",
    row: "r",
    data: { relation: "r.prpubid" },
  },
  {
    kind: "published",
    oid: "s.oid",
    from: "pg_publication_namespace s",
    row: "s",
    data: { relation: "s.pnpubid" },
  },
  {
    kind: "event trigger",
    oid: "e.oid",
    from: "pg_event_trigger e",
    row: "e",
    data: { name: "e.evtname" },
  },
  {
    kind: "extension",
    oid: "e.oid",
    from: "pg_extension e",
    row: "e",
    where: `e.oid >= ${user}`,
    data: { name: "e.extname" },
  },
  {
    kind: "operator",
    oid: "o.oid",
    from: "pg_operator o",
    row: "o",
    where: `o.oid >= ${user}`,
    data: { name: "o.oprname", schema: "o.oprnamespace", args: args("array[o.oprleft, o.oprright]") },
  },
  {
    kind: "server",
    oid: "s.oid",
    from: "pg_foreign_server s",
    row: "s",
    data: { name: "s.srvname" },
  },
  {
    kind: "large object",
    oid: "l.oid",
    from: "pg_largeobject_metadata l",
    row: "l",
    data: { name: "l.oid::text" },
  },
  {
    kind: "membership",
    oid: "m.roleid",
    sub: "m.member::text || '/' || m.grantor::text",
    from: "pg_auth_members m",
    row: "m",
    where: `m.member >= ${user}`,
    data: { role: "m.roleid", member: "m.member" },
  },
  {
    kind: "setting",
    oid: "s.setrole",
    sub: "s.setdatabase::text",
    from: "pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase",
    row: "s",
    where: "(s.setdatabase = 0 or d.datname = current_database())",
    data: { role: "s.setrole", config: "to_json(s.setconfig)" },
  },
  {
    kind: "database",
    oid: "d.oid",
    from: "pg_database d",
    row: "d",
    where: "d.datname = current_database()",
    data: { name: "d.datname", role: "d.datdba", acl: acl("d.datacl", "d", "d.datdba") },
  },
];

const select = (
  { kind, oid, sub: second = "''", from, row, where = "true", data, near }: Part,
  scope: Scope,
): string => {
  // age() compares numbers, a transaction id has no order of its own
  const young = `age(${row}.xmin) < age($1)`;
  const fields = { all: object(data), near: `case when ${young} then ${object(data)} end`, living: "null::json" }[
    scope
  ];
  const limit = { all: young, near: near ?? "false", living: "true" }[scope];
  const xid = scope === "living" ? "0::bigint" : `${row}.xmin::text::bigint`;
  return `select '${kind}' as kind, ${oid}::bigint as oid, ${second} as sub, ${xid} as xid, ${fields} as data from ${from} where ${limit} and (${where})`;
};

type Scope = "all" | "near" | "living";

const together = (scope: Scope): string =>
  parts
    .filter(({ near }) => scope !== "near" || near !== undefined)
    .map((part) => select(part, scope))
    .join(" union all ");

/** Rows written after transaction $1. */
export const changedRows: string = `select json_agg(q)::text as rows from (${together("all")}) q`;

/**
 * Rows of the relations and routines that are named in $2, and of what hangs on them: all of them, so that what is missing is known to be gone,
 * with all that is known of those written after transaction $1. Costs the same in a schema of any size.
 */
export const nearRows: string = `with first as materialized (
    select c.oid from pg_class c where c.relname = any ($2) and c.oid >= ${user}
  ), named as materialized (
    select oid from first
    union select i.indexrelid from pg_index i where i.indrelid = any (array(select oid from first))
    union select d.objid from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = any (array(select oid from first)) and d.classid = 'pg_class'::regclass
  ) select json_agg(q)::text as rows from (${together("near")}) q`;

/** Identities of everything that is there. */
export const livingRows: string = `select json_agg(json_build_array(q.kind, q.oid, q.sub))::text as rows from (${together("living")}) q`;

/** Roles; their table is closed to us, so they are all read and compared. */
export const roleRows: string = `select json_agg(json_build_array(r.oid::bigint, r.rolname, concat_ws(' ', r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit, r.rolvaliduntil)))::text as rows from pg_roles r`;
