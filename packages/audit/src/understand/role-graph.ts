/**
 * Roles and what they become: whose rights a role has by inheritance, whom it may SET ROLE to, whom it can grant itself. As PostgreSQL
 * decides (acl.c, roles_is_member_of), from a snapshot alone. Must never treat an attribute (superuser, BYPASSRLS) as inherited: none is.
 */
import type { Role, Snapshot } from "@watertight/schema";

/** Answers about roles. Every set contains the role itself. */
export interface RoleGraph {
  role(name: string): Role | undefined;
  /** Roles whose rights it has without SET ROLE; all of them for a superuser. As pg_has_role(…, 'USAGE'). */
  inherited(name: string): ReadonlySet<string>;
  /** Roles that it may SET ROLE to. As pg_has_role(…, 'SET'), before 16 'MEMBER'. */
  settable(name: string): ReadonlySet<string>;
  /** Roles that these can become when they first grant themselves what they may: by ADMIN OPTION, before 16 also by CREATEROLE (A6). */
  becomesByGrant(names: ReadonlySet<string>): ReadonlySet<string>;
}

// Membership of the database's owner, which is no row of pg_auth_members; nobody else can be made a member.
const databaseOwner = "pg_database_owner";

interface Edge {
  readonly role: string;
  readonly admin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
}

const graphs = new WeakMap<Snapshot, RoleGraph>();

/** The graph of a snapshot's roles, made once. */
export function roleGraph(snapshot: Snapshot): RoleGraph {
  const known = graphs.get(snapshot);
  if (known !== undefined) return known;
  const made = build(snapshot);
  graphs.set(snapshot, made);
  return made;
}

function build(snapshot: Snapshot): RoleGraph {
  const roles = new Map(snapshot.roles.map((role) => [role.name, role]));
  const modern = snapshot.version >= 160000;
  const edges = new Map<string, Edge[]>();
  const connect = (member: string, edge: Edge): void => {
    const list = edges.get(member);
    if (list === undefined) edges.set(member, [edge]);
    else list.push(edge);
  };
  for (const { member, ...edge } of snapshot.memberships) connect(member, edge);
  const { owner } = snapshot.database;
  // before 16 a NOINHERIT owner has to SET ROLE to it, too
  const inherit = modern || roles.get(owner)?.inherit !== false;
  connect(owner, { role: databaseOwner, admin: false, inherit, set: true });

  const everyone = new Set(roles.keys());
  const closure = (start: string, follow: (edge: Edge) => boolean): ReadonlySet<string> => {
    if (roles.get(start)?.superuser === true) return everyone;
    const found = new Set([start]);
    // a Set hands out what is added while it is walked
    for (const member of found) for (const edge of edges.get(member) ?? []) if (follow(edge)) found.add(edge.role);
    return found;
  };
  const inherited = remembered((name) => closure(name, (edge) => edge.inherit));
  const settable = remembered((name) => closure(name, (edge) => edge.set));

  // Options are chosen with the grant, so a role that one may grant is one that one may become. Nobody but a superuser grants a superuser,
  // not even with ADMIN OPTION on it.
  const mayGrant = (actor: string): string[] => {
    const admin = [...inherited(actor)].flatMap((name) => edges.get(name) ?? []).filter((edge) => edge.admin);
    // before 16: every other role, the predefined ones included
    const any = !modern && roles.get(actor)?.createRole === true;
    const others = any ? [...everyone].filter((name) => name !== databaseOwner) : [];
    return [...admin.map((edge) => edge.role), ...others].filter((name) => roles.get(name)?.superuser !== true);
  };
  const becomesByGrant = (names: ReadonlySet<string>): ReadonlySet<string> => {
    const actors = new Set(names);
    for (const actor of actors) for (const next of [...settable(actor), ...mayGrant(actor)]) actors.add(next);
    return actors;
  };
  return { role: (name) => roles.get(name), inherited, settable, becomesByGrant };
}

function remembered(compute: (name: string) => ReadonlySet<string>): (name: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return (name) => {
    const found = known.get(name) ?? compute(name);
    known.set(name, found);
    return found;
  };
}
