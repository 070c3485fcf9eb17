/** Roles of the API and what each may do. A role is a name for scopes; nothing asks for a role, everything for a scope. */

/** Everything that a caller may be allowed. */
export type Scope =
  | "tenants:read"
  | "tenants:write"
  | "cells:read"
  | "cells:write"
  | "operations:read"
  | "operations:write"
  | "operations:approve"
  | "migrations:write"
  | "audit:read"
  | "metrics:read"
  | "tokens:write";

/** Names for scopes. */
export type AccessRole = "viewer" | "operator" | "migration_operator" | "approver" | "auditor" | "admin";

const viewer: readonly Scope[] = ["tenants:read", "cells:read", "operations:read", "metrics:read"];

/** What each role may do. Whoever approves cannot ask: two people need two roles. */
export const scopesOf: Readonly<Record<AccessRole, readonly Scope[]>> = {
  viewer,
  operator: [...viewer, "tenants:write", "cells:write", "operations:write"],
  migration_operator: [...viewer, "migrations:write", "operations:write"],
  approver: [...viewer, "operations:approve"],
  auditor: [...viewer, "audit:read"],
  admin: [
    ...viewer,
    "tenants:write",
    "cells:write",
    "operations:write",
    "migrations:write",
    "audit:read",
    "tokens:write",
  ],
};

/** All roles. */
export const accessRoles = Object.keys(scopesOf) as readonly AccessRole[];
