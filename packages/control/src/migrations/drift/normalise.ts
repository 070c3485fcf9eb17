/**
 * A catalog without what may differ between tenants: the schema's own name, the ledger, rights of the tenant's own roles, everything of the server.
 * Pure. Must never hide a right of PUBLIC.
 */
import { createHash } from "node:crypto";
import { quoteName, quoteText, type Snapshot } from "@watertight/schema";
import { ledgerTable, type Target } from "../target.ts";

/** Stands for the tenant's schema. */
const anySchema = "tenant";

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Renames a schema wherever a printed definition can name it. */
function renamer(schema: string): (value: unknown, key?: string) => unknown {
  const either = `(?:${escaped(quoteName(schema))}|${escaped(schema)})`;
  const qualified = new RegExp(`(?<![\\w$".])${either}(?=\\.)`, "g");
  const word = new RegExp(`(?<![\\w$".])${either}(?![\\w$"])`, "g");
  const rename = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") {
      if (key === "schema") return value === schema ? anySchema : value;
      return value.replace(key === "settings" ? word : qualified, anySchema);
    }
    if (Array.isArray(value)) return value.map((each) => rename(each, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, rename(each, name)]));
  };
  return rename;
}

/** Nobody's grants but PUBLIC's: a tenant's own roles have other names and rights by their provisioning. */
function publicRights<T>(value: T): T {
  if (Array.isArray(value)) return value.map(publicRights) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === "acl"
        ? (each as { role: string }[]).filter(({ role }) => role === "public")
        : publicRights(each as unknown),
    ]),
  ) as T;
}

/** The policies of a place name its one tenant; any other tenant in them is a difference, and a leak. */
function withoutTenant<P extends Snapshot["policies"][number]>(
  policy: P,
  { place, tenants }: Pick<Target, "tenants" | "place">,
): P {
  const tenant = tenants?.[0];
  if (place === undefined || tenant === undefined || !policy.name.startsWith("watertight_schema_")) return policy;
  const rename = (value: unknown): unknown =>
    typeof value === "string" ? value.replaceAll(`${quoteText(tenant)}::text`, "'tenant'::text") : value;
  return Object.fromEntries(Object.entries(policy).map(([key, value]) => [key, rename(value)])) as unknown as P;
}

/** What is compared: objects of the given schemas. */
export function normalise(
  snapshot: Snapshot,
  schemas: readonly string[],
  target: Pick<Target, "schema" | "tenants" | "place"> = {},
): Snapshot {
  const tenantSchema = target.schema;
  const here = ({ schema }: { readonly schema: string }): boolean => schemas.includes(schema);
  const own = (each: { readonly schema: string; readonly name: string }): boolean =>
    here(each) && !each.name.startsWith(ledgerTable);
  const on = ({ relation }: { readonly relation: { readonly schema: string; readonly name: string } }): boolean =>
    own(relation);
  const kept: Snapshot = {
    ...snapshot,
    serverVersion: "",
    database: { name: "", owner: "", acl: [] },
    schemas: [],
    roles: [],
    memberships: [],
    settings: [],
    relations: snapshot.relations.filter(own),
    policies: snapshot.policies.filter(on).map((policy) => withoutTenant(policy, target)),
    constraints: snapshot.constraints.filter(on),
    indexes: snapshot.indexes.filter((index) => own(index) && on(index)),
    routines: snapshot.routines.filter((routine) => here(routine) && routine.extension === null),
    triggers: snapshot.triggers.filter(on),
    rules: snapshot.rules.filter(on),
    operators: snapshot.operators.filter(here),
    defaultPrivileges: [],
    extensions: [],
    publications: [],
    eventTriggers: [],
    foreignServers: [],
    largeObjects: [],
    otherDatabases: [],
    serverSettings: {},
    unreadable: [],
  };
  const rights = publicRights(kept);
  return tenantSchema === undefined ? rights : (renamer(tenantSchema)(rights) as Snapshot);
}

/** The same whoever owns what. */
export function withoutOwners<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutOwners) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, name === "owner" ? "" : withoutOwners(each as unknown)]),
  ) as T;
}

/** A digest that does not depend on the order in which the catalog lists things. */
export function digest(snapshot: Snapshot): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value))
      return value
        .map(sorted)
        .map((each) => JSON.stringify(each))
        .toSorted();
    if (typeof value !== "object" || value === null) return value;
    // the number of a column tells of dropped ones, which nobody sees
    const entries = Object.entries(value).filter(([name]) => name !== "number");
    return Object.fromEntries(
      entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, sorted(each)]),
    );
  };
  return createHash("sha256")
    .update(JSON.stringify(sorted(snapshot)))
    .digest("hex");
}
