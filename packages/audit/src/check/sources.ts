/**
 * Which migrations a check reads: those that the options name, else what is found in the project; where there are none, why. Must never write.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Options } from "../config/options.ts";
import { findMigrations, type FindOptions } from "../find/find-migrations.ts";
import type { MigrationSet } from "../find/migration.ts";
import { parseMigrations } from "../parse/parse-migrations.ts";
import { counted } from "../words/counted.ts";
import { CheckError } from "./check-error.ts";

/** What was chosen, and what else is there. */
export interface Chosen {
  readonly set: MigrationSet;
  readonly others: readonly MigrationSet[];
}

const nameThem =
  "Name them: watertight check --sql schema.sql, or --folder db/migrations, or a live database with --db env:DATABASE_URL.";

/** @throws CheckError WT_CHECK_NO_MIGRATIONS, WT_CHECK_NOTHING_RAN */
export async function chooseMigrations(root: string, { migrations }: Options): Promise<Chosen> {
  const { tool, folder, files } = migrations;
  const where: FindOptions = {
    ...(files.length > 0 ? { sql: [...files] } : {}),
    ...(folder === null ? {} : { paths: [folder] }),
  };
  const found = await findMigrations(root, where);
  const sets = found.filter((set) => (tool === null || set.tool === tool) && set.migrations.length > 0);
  const [set, ...others] = sets;
  if (set !== undefined) return { set, others };
  const none = (what: string, next: string = nameThem): CheckError =>
    new CheckError("WT_CHECK_NO_MIGRATIONS", what, next);
  if (folder !== null && !(await exists(resolve(root, folder)))) {
    const elsewhere = (await findMigrations(root)).filter((each) => each.migrations.length > 0);
    throw none(
      `There is no folder ${folder} in the project.`,
      elsewhere.length === 0
        ? "Correct --folder (or migrations.folder in the configuration); it is relative to the project."
        : `Correct --folder (or migrations.folder in the configuration); without it this is found: ${elsewhere.map(described).join(", ")}.`,
    );
  }
  const place = files.length > 0 ? files.join(", ") : (folder ?? "this folder");
  const otherTools = found.filter((each) => each.migrations.length > 0);
  if (tool !== null && otherTools.length > 0)
    throw none(
      `No ${tool} migrations in ${place}.`,
      `Leave --tool out (or migrations.tool in the configuration); this is there: ${otherTools.map(described).join(", ")}.`,
    );
  const unread = found.flatMap((each) => each.unread).filter(({ reason }) => reason !== "no migration found there");
  const reasons = unread.slice(0, 3).map(({ file, line, reason }) => `${file}:${line} ${reason}`);
  if (files.length > 0 && reasons.length > 0)
    throw none(
      `Nothing could be read of what --sql names: ${reasons.join("; ")}.`,
      "Correct the paths; they are relative to the project.",
    );
  const silent = files.length > 0 ? null : await silentSql(root, where);
  throw none(
    `No ${tool === null ? "" : `${tool} `}migrations in ${place}.${silent ?? ""}${reasons.length === 0 ? "" : ` Not read: ${reasons.join("; ")}.`}`,
  );
}

const described = ({ folder, tool, migrations }: MigrationSet): string =>
  `${folder} (${tool}, ${counted(migrations.length, "migration")})`;

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * A sentence about SQL that defines nothing.
 * @throws CheckError WT_CHECK_NOTHING_RAN where PostgreSQL can't read one statement of it
 */
async function silentSql(root: string, where: FindOptions): Promise<string | null> {
  const [set] = (await findMigrations(root, { ...where, any: true })).filter(({ migrations }) => migrations.length > 0);
  if (set === undefined) return null;
  const statements = await parseMigrations(set);
  const [first] = statements;
  if (first !== undefined && statements.every(({ tree, skip }) => tree === null && skip === undefined))
    throw nothingRan(set, statements.length, first.place, first.problem ?? "it can't be read");
  return ` ${counted(set.migrations.length, "SQL file")} in ${set.folder === "." ? "it" : set.folder}, but no statement there makes or changes a table, role or policy.`;
}

/** The error of migrations of which nothing came. */
export function nothingRan(
  { folder }: MigrationSet,
  statements: number,
  { file, line }: { readonly file: string; readonly line: number },
  reason: string,
): CheckError {
  return new CheckError(
    "WT_CHECK_NOTHING_RAN",
    `${statements === 1 ? `The only statement in ${folder} could not be read or run` : `Not one of the ${statements} statements in ${folder} could be read or run; the first`}: ${file}:${line} ${reason.replace(/\.$/, "")}.`,
    "Correct the file; if it is not what your database runs, name what is: --folder, --tool, --sql, --server.",
  );
}
