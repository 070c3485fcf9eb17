/** A project's migrations as its configuration and flags name them: what is checked is what is released. */
import type { ReadMigration } from "@watertight/audit";
import type { Request } from "../check/request.ts";

/** Reads them. @throws CheckError WT_CHECK_NO_MIGRATIONS */
export async function migrationsOf({ root, resolved }: Request): Promise<ReadMigration[]> {
  const { readMigrations } = await import("@watertight/audit");
  const { tool, folder, files } = resolved.options.migrations;
  return readMigrations(root, {
    ...(tool === null ? {} : { tool }),
    ...(folder === null ? {} : { folder }),
    ...(files.length === 0 ? {} : { files }),
  });
}
