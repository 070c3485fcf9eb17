/**
 * The names of the catalog's own roles. Each has what its work needs and no more; none of them is a role of a tenant's database.
 */
import { quoteName } from "@watertight/schema";
import { controlError } from "../errors/control-error.ts";

/** What each role is for. */
export interface CatalogRoles {
  /** NOLOGIN; owns the catalog. */
  readonly owner: string;
  /** LOGIN; API and workers: read and write the catalog, append to the audit log. */
  readonly control: string;
  /** LOGIN; applications: read where tenants are served, and nothing else. */
  readonly router: string;
  /** LOGIN; read everything, change nothing. */
  readonly auditor: string;
}

/** Names used when none are given. */
export const defaultCatalogRoles: CatalogRoles = {
  owner: "watertight_catalog_owner",
  control: "watertight_catalog_control",
  router: "watertight_catalog_router",
  auditor: "watertight_catalog_auditor",
};

/** Given names over the defaults, checked. */
export function resolveCatalogRoles(given: Partial<CatalogRoles> = {}): CatalogRoles {
  const roles = { ...defaultCatalogRoles, ...given };
  const names = Object.values(roles);
  const bad = names.find(
    (name) => name === "" || name.includes("\0") || Buffer.byteLength(name) > 63 || /^(pg_|public$)/.test(name),
  );
  if (bad !== undefined) throw controlError("WT_CATALOG_INPUT", { detail: `role name ${JSON.stringify(bad)}` });
  if (new Set(names).size !== names.length)
    throw controlError("WT_CATALOG_INPUT", { detail: "two roles of the catalog have the same name" });
  return roles;
}

/** Puts role names where the files hold psql variables such as `:"control"`. */
export function fillCatalogRoles(text: string, roles: CatalogRoles): string {
  return text.replace(/(?<!:):"([a-z]+)"/g, (_, kind: keyof CatalogRoles) => quoteName(roles[kind]));
}
