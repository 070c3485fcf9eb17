/**
 * A statement about the database itself. A replay has a throw-away name: there the statement asks for the name where it runs. Pure.
 */
import { quoteName, quoteText } from "@watertight/schema";
import type { Facts } from "../rule.ts";

/** The statement that `sql` makes of the quoted name. */
export function onDatabase(
  { snapshot, history }: Pick<Facts, "snapshot" | "history">,
  sql: (name: string) => string,
): string {
  if (history === undefined) return `${sql(quoteName(snapshot.database.name))};`;
  return `do $$ begin execute format(${quoteText(sql("%I"))}, current_database()); end $$;`;
}
