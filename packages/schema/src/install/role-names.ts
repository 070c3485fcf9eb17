/**
 * The names of the kit's six roles. Roles belong to the whole server, so several databases may share them.
 */
import { kitError } from "../errors/kit-error.ts";

/** What each role is for. */
export interface RoleNames {
  /** NOLOGIN; owns the kit and the protected tables. Never has BYPASSRLS. */
  readonly owner: string;
  /** LOGIN; runs migrations: inherits owner, has BYPASSRLS where the server lets us grant it. */
  readonly migrator: string;
  /** LOGIN; the application: select, insert, update, delete on protected tables and nothing else. */
  readonly app: string;
  /** LOGIN; select only. */
  readonly readonly: string;
  /** LOGIN; operators and the control plane: tenants, events, audit. */
  readonly control: string;
  /** NOLOGIN BYPASSRLS; owns the probe function alone. Absent where BYPASSRLS can't be granted. */
  readonly prober: string;
}

/** The roles in the order in which they are made. */
export const roleKinds: readonly (keyof RoleNames)[] = ["owner", "migrator", "app", "readonly", "control", "prober"];

/** Names used when none are given. */
export const defaultRoles: RoleNames = {
  owner: "watertight_owner",
  migrator: "watertight_migrator",
  app: "watertight_app",
  readonly: "watertight_readonly",
  control: "watertight_control",
  prober: "watertight_prober",
};

/** Given names over `base`, checked: every role needs a name of its own that fits PostgreSQL's 63 bytes. */
export function resolveRoles(given: Partial<RoleNames> | undefined, base: RoleNames = defaultRoles): RoleNames {
  const roles: RoleNames = { ...base, ...given };
  const names = roleKinds.map((kind) => roles[kind]);
  for (const name of names) {
    if (
      name === "" ||
      name.includes("\0") ||
      Buffer.byteLength(name) > 63 ||
      name.startsWith("pg_") ||
      name === "public"
    )
      throw kitError("WT_KIT_OPTION", { detail: `role name ${JSON.stringify(name)}` });
  }
  if (new Set(names).size !== names.length)
    throw kitError("WT_KIT_OPTION", { detail: "two of the kit's roles have the same name" });
  return roles;
}
