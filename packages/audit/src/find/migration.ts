/**
 * A migration as it lies in the project: what was found, before anything of it is parsed or run. Must never hold a machine path.
 */

/** The tools whose folders are known. */
export type MigrationTool =
  | "sql"
  | "supabase"
  | "prisma"
  | "drizzle"
  | "knex"
  | "node-pg-migrate"
  | "flyway"
  | "dbmate"
  | "golang-migrate"
  | "do-undo"
  | "graphile-migrate"
  | "sqitch"
  | "typeorm"
  | "kysely"
  | "mikro-orm"
  | "sequelize"
  | "pg_dump"
  | "database";

/** The language of a migration that is a program: TypeScript, an ES module, or CommonJS. */
export type ProgramLanguage = "ts" | "esm" | "cjs";

/** SQL of one migration, in the text of its file. */
export interface Fragment {
  readonly sql: string;
  /** Line and offset (in UTF-16 units) in the file where `sql` starts; the first line is 1. */
  readonly line: number;
  readonly offset: number;
  /** Column of its first character on that line, from 1; 1 when absent. */
  readonly column?: number;
  /** The file's line of each line of `sql`, where they do not simply follow each other (escapes and sums of strings in code). */
  readonly lines?: readonly number[];
  /** The file it comes from, relative to the project, when that is not the migration's own. */
  readonly file?: string;
}

/** One migration, in the order in which they run. */
export interface Migration {
  /** Its name, for example 0011_files or 20240101120000_init. */
  readonly name: string;
  readonly tool: MigrationTool;
  /** Relative to the project, with forward slashes. */
  readonly file: string;
  /** One for a .sql file; several for literals in code. */
  readonly fragments: readonly Fragment[];
  /** Whether the tool runs the file as one transaction. */
  readonly transaction: boolean;
  /** Of a program. */
  readonly language?: ProgramLanguage;
}

/** Something that was found and not read, and why. */
export interface Unread {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** What was found in a project. */
export interface MigrationSet {
  readonly tool: MigrationTool;
  /** The folder (or file), relative to the project. */
  readonly folder: string;
  readonly migrations: readonly Migration[];
  readonly unread: readonly Unread[];
  /** Seeds, config files and the like that told how to read it, for the report. */
  readonly evidence: readonly string[];
  /** Files that psql's `\i` names, by path relative to the project. */
  readonly included?: Readonly<Record<string, string>>;
  /** Values of placeholders that the project's own configuration gives, by the placeholder's name. */
  readonly placeholders?: Readonly<Record<string, string>>;
}
