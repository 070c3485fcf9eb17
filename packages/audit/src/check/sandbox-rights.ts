/**
 * The role that ran the migrations has rights in the throw-away server that nobody knows it to have in the user's: they are no finding. On Supabase
 * the same role is known to have them. Pure.
 */
import type { Snapshot } from "@watertight/schema";
import type { History } from "../history/history.ts";
import { objectKey } from "../history/object-key.ts";

/** Whether what the migrations' role may do is the sandbox's doing, not the user's. */
export function hasSandboxRights(snapshot: Snapshot, history: History, owner: string): boolean {
  const names = new Set(snapshot.roles.map(({ name }) => name));
  const supabase = names.has("authenticator") && names.has("service_role");
  // A migration that alters the role says itself what it may.
  return !supabase && history.origin(objectKey.role(owner)) === undefined;
}

/** The snapshot without what the sandbox gave. `owner` is the migrations' role. */
export function withoutSandboxRights(snapshot: Snapshot, history: History, owner: string): Snapshot {
  if (!hasSandboxRights(snapshot, history, owner)) return snapshot;
  const { database } = snapshot;
  const other = snapshot.roles.find(({ superuser }) => superuser)?.name ?? "";
  return {
    ...snapshot,
    roles: snapshot.roles.map((role) =>
      role.name === owner ? { ...role, bypassRls: false, createRole: false, createDb: false } : role,
    ),
    // the owner's own entries in the list go with the database: left behind, they would look like rights that somebody granted (H1)
    database:
      database.owner === owner
        ? {
            ...database,
            owner: other,
            acl: database.acl.map((grant) => (grant.role === owner ? { ...grant, role: other } : grant)),
          }
        : database,
  };
}
