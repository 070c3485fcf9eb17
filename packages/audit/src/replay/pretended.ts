/**
 * What the migrations gave and the throw-away server did not: SUPERUSER, and membership in roles that reach the machine. The catalog that is
 * shown has it all the same, because it decides who sees which row.
 */
import type { Snapshot } from "@watertight/schema";

/** Collected while replaying. */
export interface Pretended {
  /** Roles that are superusers. */
  readonly superusers: Set<string>;
  readonly memberships: { readonly role: string; readonly member: string; readonly admin: boolean }[];
  /** Memberships of the migrations' own role that we arranged ourselves; those that a migration asked for. */
  readonly wanted: Set<string>;
}

/** Nothing pretended. */
export function nothingPretended(): Pretended {
  return { superusers: new Set(), memberships: [], wanted: new Set() };
}

/** What the throw-away server's superuser is called in a snapshot. */
const SUPERUSER = "watertight_superuser";

/** The snapshot as the user's own server would show it. */
export function asMeant(snapshot: Snapshot, pretended: Pretended, owner: string, superuser: string): Snapshot {
  const arranged = ({ role, member, admin, inherit, set }: Snapshot["memberships"][number]): boolean =>
    member === owner && !pretended.wanted.has(role) && (inherit || set || !admin);
  // a name for everybody: the server's own is random, and a report must be the same twice
  const named = JSON.parse(JSON.stringify(snapshot).replaceAll(superuser, SUPERUSER)) as Snapshot;
  const known = new Set(named.roles.map(({ name }) => name));
  return {
    ...named,
    roles: named.roles.map((role) =>
      role.predefined
        ? { ...role, superuser: false }
        : pretended.superusers.has(role.name)
          ? { ...role, superuser: true }
          : role,
    ),
    memberships: [
      ...named.memberships.filter((membership) => !arranged(membership) && membership.member !== SUPERUSER),
      ...pretended.memberships
        .filter(({ role, member }) => known.has(role) && known.has(member))
        .map((membership) => ({ ...membership, inherit: true, set: true })),
    ],
  };
}
