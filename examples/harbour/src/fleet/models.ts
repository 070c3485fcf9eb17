// Which tenant lives how. Pure: most share tables, a few have a schema or a database of their own, two share a silo.
import type { Company } from "../data/generate.ts";

export const models = ["pool", "schema", "database", "silo"] as const;
export type Model = (typeof models)[number];

/** The smallest companies move out of the shared tables, two for each model; the rest share them. */
export function modelsOf(companies: readonly Company[]): ReadonlyMap<string, Model> {
  const apart: readonly Model[] = ["schema", "schema", "database", "database", "silo", "silo"];
  const first = companies.length - apart.length;
  return new Map(companies.map(({ id }, i) => [id, apart[i - first] ?? "pool"]));
}
