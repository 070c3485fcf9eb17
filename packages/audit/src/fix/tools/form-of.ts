/**
 * Which form a set's new migrations have, or why none can be written.
 */
import type { MigrationSet } from "../../find/migration.ts";
import { drizzleForm } from "./drizzle.ts";
import type { ToolForm } from "./form.ts";
import { currentMigration, graphileForm } from "./graphile-migrate.ts";
import { isProgramTool, programForm } from "./programs.ts";
import { sqitchForm } from "./sqitch.ts";
import { sqlForm } from "./sql-files.ts";

/** Why the set gets no new migration of its tool; null when it does. */
export function whyNotWritten(set: MigrationSet): string | null {
  if (set.migrations.length === 0) return "no migration shows how the next one is named";
  if (set.tool === "pg_dump" || set.tool === "database") return "a dump has no next migration";
  const current = set.tool === "graphile-migrate" ? currentMigration(set) : undefined;
  return current === undefined
    ? null
    : `${current} holds a migration that is not committed, and would run after the new ones: run graphile-migrate commit first`;
}

/** The form; of plain SQL where the tool's own can't be written. */
export function formOf(set: MigrationSet, now: Date): ToolForm {
  if (whyNotWritten(set) !== null) return sqlForm({ ...set, tool: "sql" }, now);
  if (isProgramTool(set)) return programForm(set, now);
  switch (set.tool) {
    case "drizzle":
      return drizzleForm(set, now);
    case "graphile-migrate":
      return graphileForm(set);
    case "sqitch":
      return sqitchForm(set);
    default:
      return sqlForm(set, now);
  }
}
