/** The clean schemas that are broken: the clean styles, the clean twin of the planted flaws, the richest green fixtures, and some made for this. */
import { readFile } from "node:fs/promises";
import type { Declared } from "../../src/understand/declared.ts";
import type { FixtureStatement } from "../support/fixture-sql.ts";
import { fixtureStatements } from "../support/fixture-sql.ts";

/** Where a clean schema stands. */
export interface CleanSource {
  readonly name: string;
  /** Relative to this folder. */
  readonly file: string;
  readonly platform?: "supabase";
  readonly declared?: Declared;
}

const style = (name: string, more: Partial<CleanSource> = {}): CleanSource => ({
  name,
  file: `../rules/clean-styles/${name}.sql`,
  ...more,
});
const fixture = (slug: string): CleanSource => ({ name: slug, file: `../../src/rules/${slug}/green.sql` });
const own = (name: string, more: Partial<CleanSource> = {}): CleanSource => ({
  name,
  file: `clean/${name}.sql`,
  ...more,
});

/** All of them. */
export const cleanSources: readonly CleanSource[] = [
  style("setting-and-forced-owner"),
  style("floor-and-business-policies"),
  style("members-with-pg-temp"),
  style("postgraphile-schemas"),
  style("barrier-views"),
  style("careful-dynamic-sql"),
  style("session-role-users"),
  style("session-rows-and-invitations"),
  style("supabase-per-user", { platform: "supabase" }),
  style("supabase-organisations", { platform: "supabase" }),
  style("declared-public-rows", {
    declared: { global: ["plans"], tables: { templates: { column: "tenant_id", publicRows: "tenant_id is null" } } },
  }),
  { name: "planted-twin", file: "../planted/clean.sql" },
  own("shop"),
  own("club"),
  own("ledger"),
  fixture("D15-context-left-behind"),
  fixture("D9-cascade-identity"),
  fixture("D8-definer-trigger"),
  fixture("C10-sealed-context"),
  fixture("E4-nullable-tenant-in-key"),
  fixture("F9-publications"),
  fixture("B11-writable-trust-base"),
];

const read = (file: string): Promise<string> => readFile(new URL(file, import.meta.url), "utf8");

/** The statements of a schema, with how many of the first are the platform's. */
export async function readSource({
  file,
  platform,
}: CleanSource): Promise<{ statements: FixtureStatement[]; given: number }> {
  const before =
    platform === undefined ? [] : await fixtureStatements(await read(`../understand/styles/${platform}.sql`));
  return { statements: [...before, ...(await fixtureStatements(await read(file)))], given: before.length };
}
