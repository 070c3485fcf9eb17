/**
 * A project's migrations as somebody needs them who runs them for real: every file with its text and its statements, in order. Must never
 * leave out a statement: what can't be read says so, and whoever runs it decides.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { chooseMigrations } from "../check/sources.ts";
import { resolveOptions } from "../config/resolve-options.ts";
import type { SyntaxNode } from "../history/statement.ts";
import { parseMigrations } from "../parse/parse-migrations.ts";
import type { MigrationTool } from "./migration.ts";

/** Which migrations to read; what is absent is found. */
export interface ReadMigrationsOptions {
  readonly tool?: MigrationTool;
  /** Relative to the project. */
  readonly folder?: string;
  /** Files of SQL in the order in which they run. */
  readonly files?: readonly string[];
}

/** A statement of a migration that was read. */
export interface ReadStatement {
  /** As it is to be run. */
  readonly text: string;
  /** The file that it stands in; for psql's `\i` another one than the migration's. */
  readonly file: string;
  readonly line: number;
  /** Type of its syntax tree, for example CreateStmt; "" where it can't be parsed. */
  readonly type: string;
  readonly tree: SyntaxNode | null;
  /** Why it can't be run as it stands: a syntax error, a command of psql, data of COPY. */
  readonly problem: string | null;
}

/** A migration that was read. */
export interface ReadMigration {
  readonly name: string;
  /** Relative to the project. */
  readonly file: string;
  /** All of the file, line ends as \n; files that psql's `\i` names behind it. */
  readonly text: string;
  readonly statements: readonly ReadStatement[];
}

/**
 * Reads the migrations of a project: plain SQL, Prisma, Drizzle, Knex and the other tools that `watertight check` knows.
 * @throws CheckError WT_CHECK_NO_MIGRATIONS
 * @example for (const { name, statements } of await readMigrations(process.cwd())) console.log(name, statements.length);
 */
export async function readMigrations(root: string, options: ReadMigrationsOptions = {}): Promise<ReadMigration[]> {
  const { tool, folder, files } = options;
  const { set } = await chooseMigrations(
    root,
    resolveOptions({
      config: {
        migrations: {
          ...(tool === undefined ? {} : { tool }),
          ...(folder === undefined ? {} : { folder }),
          ...(files === undefined ? {} : { files }),
        },
      },
    }).options,
  );
  const parsed = await parseMigrations(set);
  return Promise.all(
    set.migrations.map(async (migration) => {
      const own = parsed.filter((statement) => statement.migration === migration);
      const sources = new Set([migration.file, ...own.map(({ place }) => place.file)]);
      const texts = await Promise.all([...sources].map((file) => readFile(resolve(root, file), "utf8")));
      return {
        name: migration.name,
        file: migration.file,
        text: texts.join("\n").replaceAll("\r\n", "\n"),
        statements: own.map(({ text, place, type, tree, problem, skip }) => ({
          text,
          file: place.file,
          line: place.line,
          type,
          tree,
          problem: skip?.reason ?? (tree === null ? (problem ?? "it can't be parsed") : null),
        })),
      };
    }),
  );
}
