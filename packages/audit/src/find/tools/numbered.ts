/**
 * Tools whose files name number and direction: golang-migrate (1_name.up.sql) and Postgrator's and Omnivore's style (1.do.name.sql). Ordered
 * by number, however it is padded; the way down is not read.
 */
import { posix } from "node:path";
import type { MigrationTool } from "../migration.ts";
import { byNumber } from "../order.ts";
import type { Project } from "../project.ts";
import { add, byFolder, draftOf, finish, type Found, type Tool } from "../tool.ts";
import { counted } from "../../words/counted.ts";

function numbered(tool: MigrationTool, up: RegExp, down: RegExp, evidence: string): Tool {
  return async (project: Project, files: readonly string[]): Promise<Found> => {
    const sets = [];
    const claimed: string[] = [];
    for (const [folder, own] of byFolder(files)) {
      const ups = own.filter((file) => up.test(posix.basename(file)));
      const downs = own.filter((file) => down.test(posix.basename(file)));
      if (ups.length === 0) continue;
      const draft = draftOf(evidence);
      if (downs.length > 0) draft.evidence.push(`${counted(downs.length, "file")} of the way down not read`);
      for (const file of ups.toSorted(byNumber(up))) await add(project, draft, tool, file);
      sets.push(...finish(draft, tool, folder));
      claimed.push(...ups, ...downs);
    }
    return { sets, claimed };
  };
}

/** golang-migrate, and tools that took its names over. */
export const golangMigrate: Tool = numbered(
  "golang-migrate",
  /^(\d+)_.*\.up\.sql$/,
  /^\d+_.*\.down\.sql$/,
  "files are named <number>_name.up.sql: golang-migrate",
);

/** Omnivore, Postgrator. */
export const doUndo: Tool = numbered(
  "do-undo",
  /^(\d+)\.do\.(?:.*\.)?sql$/,
  /^\d+\.undo\.(?:.*\.)?sql$/,
  "files are named <number>.do.name.sql: Postgrator",
);
