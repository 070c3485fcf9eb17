/**
 * H2: with a schema for each tenant, a search_path that goes on to a shared schema reads and writes the table there as soon as the tenant's own is
 * missing. Needs schemas that look alike, and a shared one behind them with a table that can be taken for a tenant's.
 */
import type { RoleSetting, Snapshot } from "@watertight/schema";
import { quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { kitSchema } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const searchPathFallsThrough: Rule = {
  id: "H2",
  slug: "H2-search-path-falls-through",
  title: "search_path of a tenant goes on to a shared schema",
  needs: "catalog",
  find: (facts) => {
    const tenants = tenantSchemas(facts.snapshot);
    return tenants.size < 2 ? [] : facts.snapshot.settings.flatMap((setting) => judge(facts, setting, tenants) ?? []);
  },
};

function judge({ snapshot, reach }: Facts, setting: RoleSetting, tenants: ReadonlySet<string>): RuleFinding | null {
  if (setting.name !== "search_path") return null;
  const path = setting.value.split(",").map((word) => word.trim().replaceAll(/^"|"$/g, ""));
  const at = path.findIndex((schema) => tenants.has(schema));
  if (at < 0) return null;
  const tables = tablesOf(snapshot);
  const names = new Set([...tenants].flatMap((schema) => [...(tables.get(schema) ?? [])]));
  const behind = path.slice(at + 1).filter((schema) => [...(tables.get(schema) ?? [])].some((name) => names.has(name)));
  const creatable = path.slice(at + 1).filter((schema) => reach.canCreateIn(schema));
  const [shared] = [...behind, ...creatable];
  if (shared === undefined) return null;
  const who = setting.role ?? setting.database ?? "all";
  const common = [...(tables.get(shared) ?? [])].filter((name) => names.has(name));
  return {
    object: { kind: "setting", schema: "", name: "search_path", part: who },
    message: `search_path of ${who} goes on from ${path[at]!} to ${shared}: where the tenant's table is missing, ${common[0] ?? "a table there"} of ${shared} is read and written instead, with rows of others.`,
    severity: behind.length > 0 ? "medium" : "low",
    evidence: [
      `search_path = ${setting.value}`,
      `${tenants.size} schemas hold the same tables`,
      ...(common.length > 0
        ? [`${shared} has ${common.slice(0, 5).join(", ")} too`]
        : [`the application may create tables in ${shared}`]),
    ],
    keys: [objectKey.setting(setting.role, "search_path"), objectKey.role(who)],
    fix: `alter ${setting.role === null ? "database" : "role"} ${quoteName(who)} set search_path = ${quoteName(path[at]!)};\n-- shared tables by their qualified names; extensions in a schema of their own`,
    attackable: false,
  };
}

function tablesOf({ relations }: Snapshot): Map<string, Set<string>> {
  const tables = new Map<string, Set<string>>();
  for (const { kind, schema, name, extension } of relations)
    if ((kind === "r" || kind === "p") && extension === null && schema !== kitSchema)
      tables.set(schema, (tables.get(schema) ?? new Set()).add(name));
  return tables;
}

/** Schemas with at least one table name in common with another, public left out: one for each tenant. */
function tenantSchemas(snapshot: Snapshot): Set<string> {
  const tables = tablesOf(snapshot);
  const holders = new Map<string, string[]>();
  for (const [schema, names] of tables)
    if (schema !== "public") for (const name of names) holders.set(name, [...(holders.get(name) ?? []), schema]);
  return new Set([...holders.values()].filter((schemas) => schemas.length > 1).flat());
}
