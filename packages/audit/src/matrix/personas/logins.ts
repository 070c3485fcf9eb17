/**
 * Lets the application's roles log in to the throw-away server as they would in production, and makes a role for each tenant where the role is
 * the context. Must never be pointed at any other server: it gives LOGIN and CONNECT to roles.
 */
import { quoteName } from "@watertight/schema";
import type { Facts } from "../../rules/rule.ts";
import type { Actor } from "../attacks/attack.ts";
import type { AttackServer } from "../server.ts";
import type { Session } from "../wire/session.ts";

/** Who attacks, and what had to be done for it. */
export interface Logins {
  readonly actors: readonly Actor[];
  readonly notes: readonly string[];
}

// More roles than these say the same again.
const mostRoles = 6;

/** The application's roles, able to log in. */
export async function prepareLogins(admin: Session, server: AttackServer, facts: Facts): Promise<Logins> {
  const notes: string[] = [];
  const known = new Map(facts.snapshot.roles.map((role) => [role.name, role]));
  const actors = facts.understanding.roles
    .filter(({ name, kind }) => kind !== "service" && known.has(name))
    .map(({ name, login, kind }): Actor => ({
      role: name,
      login: known.has(login) ? login : name,
      kind: kind === "anonymous" ? "anonymous" : "tenant",
    }));
  if (actors.length > mostRoles) notes.push(`Only ${mostRoles} of ${actors.length} application roles attack.`);
  const chosen = actors.slice(0, mostRoles);
  const [[name] = []] = (await admin.must("select pg_catalog.current_database()")).rows;
  const database = quoteName(name!);
  for (const role of new Set(chosen.flatMap(({ role: name, login }) => [name, login]))) {
    if (!known.get(role)?.login) notes.push(`Role ${role} was given LOGIN on the throw-away server.`);
    await server.superuser(`alter role ${quoteName(role)} login connection limit -1 valid until 'infinity'`);
    await server.superuser(`grant connect on database ${database} to ${quoteName(role)}`);
  }
  return { actors: chosen, notes };
}

/** Roles of the two tenants, for schemas where current_user is the tenant: members of the application's role. */
export async function makeTenantRoles(
  admin: Session,
  server: AttackServer,
  ids: readonly string[],
  actor: Actor | undefined,
): Promise<void> {
  if (!actor) return;
  for (const id of ids) {
    const name = quoteName(id);
    const [there] = (
      await admin.must(`select 1 from pg_catalog.pg_roles where rolname = '${id.replaceAll("'", "''")}'`)
    ).rows;
    if (!there) await server.superuser(`create role ${name} login inherit`);
    await server.superuser(`grant ${quoteName(actor.role)} to ${name}`);
  }
}
