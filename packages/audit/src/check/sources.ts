/**
 * Which migrations a check reads: those that the options name, else what is found in the project. Must never write.
 */
import type { Options } from "../config/options.ts";
import { findMigrations } from "../find/find-migrations.ts";
import type { MigrationSet } from "../find/migration.ts";
import { CheckError } from "./check-error.ts";

/** What was chosen, and what else is there. */
export interface Chosen {
  readonly set: MigrationSet;
  readonly others: readonly MigrationSet[];
}

/** @throws CheckError WT_CHECK_NO_MIGRATIONS */
export async function chooseMigrations(root: string, { migrations }: Options): Promise<Chosen> {
  const { tool, folder, files } = migrations;
  const found = await findMigrations(root, {
    ...(files.length > 0 ? { sql: [...files] } : {}),
    ...(folder === null ? {} : { paths: [folder] }),
  });
  const sets = found.filter((set) => (tool === null || set.tool === tool) && set.migrations.length > 0);
  const [set, ...others] = sets;
  if (set !== undefined) return { set, others };
  const unread = found.flatMap((each) => each.unread);
  const reasons = unread.slice(0, 3).map(({ file, line, reason }) => `${file}:${line} ${reason}`);
  const where = files.length > 0 ? files.join(", ") : (folder ?? "this folder");
  throw new CheckError(
    "WT_CHECK_NO_MIGRATIONS",
    `No ${tool === null ? "" : `${tool} `}migrations in ${where}.${reasons.length === 0 ? "" : ` Not read: ${reasons.join("; ")}.`}`,
    "Name them: watertight check --sql schema.sql, or --folder db/migrations, or a live database with --db env:DATABASE_URL.",
  );
}
