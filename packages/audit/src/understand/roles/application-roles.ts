/**
 * The roles that requests of tenants run as: from rights on the tables first, then policies, then names. Where nobody was given any right, the
 * application connects as the owner of the tables, and that is said. Must never leave the application without a role.
 */
import { counted } from "../../words/counted.ts";
import type { Relation, Role } from "@watertight/schema";
import type { Declared } from "../declared.ts";
import { roleGraph, type RoleGraph } from "../role-graph.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { platformOf } from "../tenants/words.ts";
import type { ApplicationRole } from "../understanding.ts";
import { roleSense } from "./role-words.ts";

const reads = new Set(["SELECT"]);
const writes = new Set(["INSERT", "UPDATE", "DELETE"]);

interface Rights {
  readonly role: Role;
  /** Tables on which it, or a role that it inherits from, was given the right; ownership and PUBLIC not counted. */
  readonly reads: number;
  readonly writes: number;
  readonly owns: number;
  readonly inPolicies: readonly string[];
}

/** Finds the application's roles. */
export function applicationRoles(graph: SchemaGraph, declared: Declared = {}): ApplicationRole[] {
  const said = declaredRoles(declared);
  if (said.length > 0) return said;
  const roles = roleGraph(graph.snapshot);
  const tables = graph.snapshot.relations.filter(
    (each) => each.kind !== "S" && platformOf(each.schema) === undefined && each.extension === null,
  );
  const rights = graph.snapshot.roles
    // a superuser has every right; one that was given some by name, as the application's role is, is the application's by mistake
    .filter((role) => !role.predefined && (!role.superuser || roleSense(role.name) === "app"))
    .map((role) => rightsOf(graph, roles, role, tables))
    .filter((each) => each.reads + each.writes + each.inPolicies.length > 0);
  const found = rights.flatMap((each) => asApplication(each, rights, roles, graph));
  const tenants = found.filter((each) => each.kind !== "service");
  if (tenants.length > 0) return dedupe(found);
  const only = lastResort(graph, rights, roles, tables);
  return only ? [only, ...found] : found;
}

function declaredRoles({ roles }: Declared): ApplicationRole[] {
  if (!roles) return [];
  const of = (names: readonly string[] | undefined, kind: ApplicationRole["kind"]): ApplicationRole[] =>
    (names ?? []).map((name) => ({
      name,
      kind,
      login: kind === "service" ? name : (roles.login ?? name),
      evidence: { source: "declared", because: [`declared as ${kind} role`] },
    }));
  return [...of(roles.tenant, "tenant"), ...of(roles.anonymous, "anonymous"), ...of(roles.service, "service")];
}

function rightsOf(graph: SchemaGraph, roles: RoleGraph, role: Role, tables: readonly Relation[]): Rights {
  const inherited = role.superuser ? new Set([role.name]) : roles.inherited(role.name);
  let reading = 0;
  let writing = 0;
  let owns = 0;
  for (const table of tables) {
    const owned = inherited.has(table.owner);
    if (owned) owns += 1;
    // a member of the owner may do everything; what it was given by name tells that requests run as it
    const grants = [...table.acl, ...table.columns.flatMap((column) => column.acl)].filter((each) =>
      owned ? each.role === role.name && each.role !== table.owner : inherited.has(each.role),
    );
    if (grants.some((each) => reads.has(each.privilege))) reading += 1;
    if (grants.some((each) => writes.has(each.privilege))) writing += 1;
  }
  const inPolicies = graph.snapshot.policies
    .filter((policy) => policy.roles.includes(role.name))
    .map((policy) => `policy ${policy.name} on ${dotted(policy.relation)} is for ${role.name}`);
  return { role, reads: reading, writes: writing, owns, inPolicies };
}

function asApplication(each: Rights, all: readonly Rights[], roles: RoleGraph, graph: SchemaGraph): ApplicationRole[] {
  const { role } = each;
  const sense = roleSense(role.name);
  if (sense === "login" || (sense === "operator" && each.inPolicies.length === 0)) return [];
  if (each.owns > 0 && sense !== "app") return [];
  if (sense === "operator" && !all.some((other) => roleSense(other.role.name) === undefined)) return [];
  if (each.reads + each.writes === 0 && sense === undefined) return [];
  const because = [
    ...(each.writes > 0
      ? [`${role.name} may write ${counted(each.writes, "table")}`]
      : each.reads > 0
        ? [`${role.name} may read ${counted(each.reads, "table")}`]
        : []),
    ...each.inPolicies.slice(0, 1),
    ...(each.owns > 0 ? [`it owns ${counted(each.owns, "table")}`] : []),
  ];
  const others = all.some(
    (other) => other !== each && !other.role.bypassRls && other.writes > 0 && roleSense(other.role.name) !== "operator",
  );
  const kind =
    sense === "anonymous"
      ? "anonymous"
      : (sense === "service" && (role.bypassRls || role.name === "service_role")) ||
          (role.bypassRls && others && sense !== "app")
        ? "service"
        : "tenant";
  if (role.login)
    return [
      {
        name: role.name,
        kind,
        login: role.name,
        evidence: { source: "inferred", because: [...because, `${role.name} may log in`] },
      },
    ];
  const logins = graph.snapshot.roles.filter(
    (other) =>
      other.login &&
      !other.superuser &&
      other.name !== role.name &&
      roles.settable(other.name).has(role.name) &&
      (roleSense(other.name) === "app" || !ownsTables(graph, roles, other)),
  );
  // a group: its members are the roles that the application logs in as, and they have its rights at once
  const members = logins.filter(
    (other) => roles.inherited(other.name).has(role.name) && roleSense(other.name) !== "login",
  );
  if (members.length > 0) return [];
  const [login] = logins;
  // it was made to lend a function its rights: nobody can ever be it
  const lends = graph.snapshot.routines.some(({ owner, securityDefiner }) => securityDefiner && owner === role.name);
  if (login === undefined && lends && all.some((other) => other.role.login)) return [];
  return [
    {
      name: role.name,
      kind,
      login: login?.name ?? role.name,
      evidence: {
        source: "inferred",
        because: [
          ...because,
          login
            ? `${login.name} logs in and sets its role to ${role.name}`
            : `no role that may log in is a member of ${role.name}`,
        ],
      },
    },
  ];
}

function ownsTables(graph: SchemaGraph, roles: RoleGraph, role: Role): boolean {
  const inherited = roles.inherited(role.name);
  return graph.tables.some((table) => platformOf(table.schema) === undefined && inherited.has(table.owner));
}

function dedupe(roles: readonly ApplicationRole[]): ApplicationRole[] {
  return [...new Map(roles.map((role) => [role.name, role])).values()];
}

function lastResort(
  graph: SchemaGraph,
  rights: readonly Rights[],
  roles: RoleGraph,
  tables: readonly Relation[],
): ApplicationRole | undefined {
  // PUBLIC was given rights: whoever logs in and is not the owner has them
  const open = tables.filter((table) =>
    table.acl.some((each) => each.role === "public" && (reads.has(each.privilege) || writes.has(each.privilege))),
  );
  const stranger = graph.snapshot.roles.find(
    (role) =>
      role.login &&
      !role.superuser &&
      !role.predefined &&
      !ownsTables(graph, roles, role) &&
      roleSense(role.name) === "app",
  );
  if (open.length > 0 && stranger)
    return tenant(stranger.name, [
      `${counted(open.length, "table is", "tables are")} granted to PUBLIC, and ${stranger.name} may log in`,
    ]);
  const [most] = [...rights]
    .filter((each) => each.owns === 0)
    .sort((one, other) => other.writes - one.writes || other.reads - one.reads);
  if (most && most.reads + most.writes > 0)
    return tenant(most.role.name, [`no other role has rights on the tables than ${most.role.name}`]);
  const owners = new Map<string, number>();
  for (const table of tables) if (table.kind !== "v") owners.set(table.owner, (owners.get(table.owner) ?? 0) + 1);
  const [owner] = [...owners].sort((one, other) => other[1] - one[1]);
  if (!owner) return undefined;
  return tenant(owner[0], [
    `no role was granted anything on the tables: the application connects as their owner, ${owner[0]} (${counted(owner[1], "table")})`,
  ]);
}

function tenant(name: string, because: readonly string[]): ApplicationRole {
  return { name, kind: "tenant", login: name, evidence: { source: "inferred", because } };
}
