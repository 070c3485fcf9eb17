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
  | "pg_dump"
  | "database";

/** SQL of one migration, in the text of its file. */
export interface Fragment {
  readonly sql: string;
  /** Line and offset (in UTF-16 units) in the file where `sql` starts; the first line is 1. */
  readonly line: number;
  readonly offset: number;
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
}
