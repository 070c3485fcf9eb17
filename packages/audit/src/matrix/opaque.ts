/**
 * Policies whose answer may be another one tomorrow: a helper that runs text, or that asks the catalog, statistics or chance. Two small tenants in a
 * fresh server show nothing of what it answers elsewhere, so nothing that it stopped counts as stopped. Pure.
 */
import type { Relation } from "@watertight/schema";
import { policyRoutines } from "./attacks/paths.ts";
import type { World } from "./attacks/world.ts";

const comments = /--[^\n]*|\/\*[\s\S]*?\*\//g;
const strings = /'(?:[^']|'')*'/g;
const changing =
  /\bexecute\b|\bpg_(?:class|stat\w*|namespace|roles|authid|proc|locks|tables|settings|database|backend_pid|relation_size|total_relation_size)\b|\binformation_schema\b|\breltuples\b|\bcurrent_query\s*\(|\brandom\s*\(|\bgen_random_\w+\s*\(|\bapplication_name\b|\binet_\w+\s*\(|\bversion\s*\(\s*\)/i;

/** Why nothing that this table's policies stop is shown to be stopped; null where they depend on rows and context alone. */
export function opaqueHelper(world: World, relation: Relation): string | null {
  for (const { name, body } of policyRoutines(world, relation)) {
    const found = changing.exec(body.replaceAll(comments, " ").replaceAll(strings, "''"))?.[0];
    if (found !== undefined)
      return `its policies ask function ${name}, which uses ${found.trim().replace(/\s*\($/, "()")}: what it answers elsewhere was not seen`;
  }
  return null;
}
