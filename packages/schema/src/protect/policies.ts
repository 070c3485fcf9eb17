/**
 * The two policies that the kit puts on a table. One restrictive floor FOR ALL TO PUBLIC, so that no other policy, role or command is left
 * out (A9, A10, B1), and a permissive one where the table has none of its own, because restrictive policies alone admit nothing.
 */
import { quoteQualified } from "../db/quote.ts";
import { floorPredicate, observingPredicate, type Tenancy } from "./tenancy.ts";

/** Names of the kit's policies. */
export const floorName = "watertight_floor";
export const openName = "watertight_all";
export const kitPolicies: ReadonlySet<string> = new Set([floorName, openName]);

/** How far a table is protected: record what would be refused, or refuse it. */
export type Mode = "observe" | "enforce";

/** `create policy` of the floor. */
export function floorPolicy(schema: string, table: string, tenancy: Tenancy, mode: Mode): string {
  const row = quoteQualified(schema, table);
  const predicate = mode === "enforce" ? floorPredicate(tenancy, row) : observingPredicate(tenancy, schema, table);
  return `create policy ${floorName} on ${row} as restrictive for all to public using (${predicate}) with check (${predicate})`;
}

/** `create policy` of the permissive companion. */
export function openPolicy(schema: string, table: string): string {
  return `create policy ${openName} on ${quoteQualified(schema, table)} as permissive for all to public using (true) with check (true)`;
}
