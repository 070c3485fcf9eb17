/**
 * What the application's roles can reach: the closure of memberships, ownership and privileges, computed from a snapshot alone. PostgreSQL's
 * own answers (has_table_privilege, pg_has_role) agree with it; a database test compares them.
 */
import type { Grant, QualifiedName, Relation, Role, Routine, Snapshot } from "@watertight/schema";
import { type RoleGraph, roleGraph } from "./role-graph.ts";

/** Answers about one or all application roles (kind "tenant" and "anonymous"; never "service"). */
export interface Reach {
  /** The application's roles and every role that they inherit from: rights that hold without SET ROLE. PUBLIC's rights are included everywhere below. */
  readonly inherited: ReadonlySet<string>;
  /** Every role that they can become by SET ROLE, themselves included. */
  readonly settable: ReadonlySet<string>;
  /** Both, and what the roles reached by SET ROLE inherit: all roles whose rights they can use somehow. */
  readonly all: ReadonlySet<string>;
  /** Roles that they are not in but can grant themselves (A6): by ADMIN OPTION, before 16 by CREATEROLE. Nothing below counts them. */
  readonly selfGrantable: ReadonlySet<string>;
  role(name: string): Role | undefined;
  /**
   * Whether some application role has the privilege on the whole relation or on any column (`column`: on that one), and USAGE on the schema
   * with it. A sequence needs no USAGE: nextval(oid) looks no name up.
   */
  can(privilege: string, relation: Relation, column?: string): boolean;
  /** Also USAGE on its schema and EXECUTE. */
  canCall(routine: Routine): boolean;
  canUseSchema(schema: string): boolean;
  canCreateIn(schema: string): boolean;
  /** CREATE TEMP TABLE in the database. */
  canMakeTemp(): boolean;
  /** Whether row security, where it is enabled, binds the application on this relation (not owner without FORCE, not superuser, not BYPASSRLS, by inheritance or SET ROLE). */
  bypasses(relation: Relation): null | Bypass;
  /** Whether row security binds a given role, as the definer of a view or function, on this relation. */
  roleBypasses(role: string, relation: Relation): boolean;
  relation(name: QualifiedName): Relation | undefined;
  /** Whether the policies that apply to the application on this relation (for the command) include this role list: PUBLIC or an inherited role. */
  applies(roles: readonly string[]): boolean;
}

/** A way around row security. */
interface Bypass {
  /** Superuser, role with BYPASSRLS, or the table's owner. */
  readonly role: string;
  readonly why: "superuser" | "bypassrls" | "owner";
  readonly bySetRole: boolean;
}

// What PostgreSQL grants to members of its own roles without an entry in any list (aclchk.c).
const predefined: Readonly<Record<string, string>> = {
  SELECT: "pg_read_all_data",
  INSERT: "pg_write_all_data",
  UPDATE: "pg_write_all_data",
  DELETE: "pg_write_all_data",
  MAINTAIN: "pg_maintain",
};
const openSchemas = ["pg_catalog", "information_schema"];

/**
 * Computes the reach of the given roles together. Roles that the snapshot does not know reach what PUBLIC reaches.
 * @example
 * const reach = reachOf(snapshot, ["shop_app"]);
 * reach.can("TRUNCATE", table);
 */
export function reachOf(snapshot: Snapshot, applicationRoles: readonly string[]): Reach {
  const graph = roleGraph(snapshot);
  const inherited = union(applicationRoles.map(graph.inherited));
  const settable = union(applicationRoles.map(graph.settable));
  const all = union([inherited, ...[...settable].map(graph.inherited)]);
  const byGrant = union([...graph.becomesByGrant(settable)].map(graph.inherited));
  // A right counts with the rights that one and the same role has at once: the SELECT of one and the USAGE of another open nothing.
  const actors = [...settable].map((name) => actor(graph, name));
  const schemas = new Map(snapshot.schemas.map((schema) => [schema.name, schema]));
  const relations = new Map(snapshot.relations.map((relation) => [key(relation), relation]));

  const uses = (who: Actor, name: string): boolean =>
    openSchemas.includes(name) ||
    who.has(schemas.get(name)?.acl ?? [], "USAGE") ||
    who.is("pg_read_all_data") ||
    who.is("pg_write_all_data");

  return {
    inherited,
    settable,
    all,
    selfGrantable: new Set([...byGrant].filter((name) => !all.has(name))),
    role: graph.role,
    can: (privilege, relation, column) =>
      actors.some(
        (who) =>
          hasPrivilege(who, privilege, relation, column) && (relation.kind === "S" || uses(who, relation.schema)),
      ),
    canCall: (routine) => actors.some((who) => who.has(routine.acl, "EXECUTE") && uses(who, routine.schema)),
    canUseSchema: (name) => actors.some((who) => uses(who, name)),
    canCreateIn: (name) => actors.some((who) => who.has(schemas.get(name)?.acl ?? [], "CREATE")),
    canMakeTemp: () => actors.some((who) => who.has(snapshot.database.acl, "TEMPORARY")),
    bypasses(relation) {
      const direct = applicationRoles.map((name) => bypassOf(graph, name, relation)).find((found) => found !== null);
      if (direct !== undefined) return { ...direct, bySetRole: false };
      const indirect = [...settable].map((name) => bypassOf(graph, name, relation)).find((found) => found !== null);
      return indirect === undefined ? null : { ...indirect, bySetRole: true };
    },
    roleBypasses: (role, relation) => bypassOf(graph, role, relation) !== null,
    relation: (name) => relations.get(key(name)),
    applies: (roles) => roles.some((role) => role === "public" || inherited.has(role)),
  };
}

/** One role at work. */
interface Actor {
  /** Has the rights of a role. */
  is(role: string): boolean;
  has(acl: readonly Grant[], privilege: string): boolean;
}

function actor(graph: RoleGraph, name: string): Actor {
  const rights = graph.inherited(name);
  const superuser = graph.role(name)?.superuser === true;
  return {
    is: (role) => superuser || rights.has(role),
    has: (acl, privilege) =>
      superuser ||
      acl.some((grant) => grant.privilege === privilege && (grant.role === "public" || rights.has(grant.role))),
  };
}

function hasPrivilege(who: Actor, privilege: string, relation: Relation, column: string | undefined): boolean {
  const role = predefined[privilege];
  return (
    who.has(relation.acl, privilege) ||
    (role !== undefined && who.is(role)) ||
    relation.columns.some((each) => (column === undefined || each.name === column) && who.has(each.acl, privilege))
  );
}

// Attributes are the role's own; ownership is inherited (check_enable_rls). FORCE binds the owner.
function bypassOf(graph: RoleGraph, name: string, relation: Relation): Omit<Bypass, "bySetRole"> | null {
  const role = graph.role(name);
  if (role?.superuser === true) return { role: name, why: "superuser" };
  if (role?.bypassRls === true) return { role: name, why: "bypassrls" };
  if (!relation.forced && graph.inherited(name).has(relation.owner)) return { role: relation.owner, why: "owner" };
  return null;
}

// no name holds a NUL
function key({ schema, name }: QualifiedName): string {
  return `${schema}\0${name}`;
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((set) => [...set]));
}
