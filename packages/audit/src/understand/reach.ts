/**
 * What the application's roles can reach: the closure of memberships, ownership and privileges, computed from a snapshot alone. PostgreSQL's
 * own answers (has_table_privilege, pg_has_role) agree with it; a database test compares them.
 */
import type { QualifiedName, Relation, Role, Routine } from "@watertight/schema";

/** Answers about one or all application roles (kind "tenant" and "anonymous"; never "service"). */
export interface Reach {
  /** The application's roles and every role that they inherit from: rights that hold without SET ROLE. PUBLIC's rights are included everywhere below. */
  readonly inherited: ReadonlySet<string>;
  /** Every role that they can become by SET ROLE, themselves included. */
  readonly settable: ReadonlySet<string>;
  /** Both: all roles whose rights they can use somehow. */
  readonly all: ReadonlySet<string>;
  role(name: string): Role | undefined;
  /** Whether some application role has the privilege on the whole relation or on any column (`column`: on that one). */
  can(privilege: string, relation: Relation, column?: string): boolean;
  /** Also USAGE on its schema and EXECUTE. */
  canCall(routine: Routine): boolean;
  canUseSchema(schema: string): boolean;
  canCreateIn(schema: string): boolean;
  /** CREATE TEMP TABLE in the database. */
  canMakeTemp(): boolean;
  /** Whether row security binds the application on this relation (not owner without FORCE, not superuser, not BYPASSRLS, by inheritance or SET ROLE). */
  bypasses(
    relation: Relation,
  ): null | { readonly role: string; readonly why: "superuser" | "bypassrls" | "owner"; readonly bySetRole: boolean };
  /** Whether row security binds a given role, as the definer of a view or function, on this relation. */
  roleBypasses(role: string, relation: Relation): boolean;
  relation(name: QualifiedName): Relation | undefined;
  /** Whether the policies that apply to the application on this relation (for the command) include this role list: PUBLIC or an inherited role. */
  applies(roles: readonly string[]): boolean;
}
