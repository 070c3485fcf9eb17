/**
 * How migrations come in: control knows no migration tool and no parser. @watertight/audit's `readMigrations` has this shape, and the command
 * line passes it. Must never import audit.
 */

/** A node of a syntax tree as libpg-query makes it. */
// oxlint-disable-next-line typescript/no-explicit-any -- the tree has hundreds of shapes; each reader names what it reads
export type SyntaxNode = Record<string, any>;

/** A statement as it was read. */
export interface SourceStatement {
  /** As it is to be run. */
  readonly text: string;
  readonly file: string;
  readonly line: number;
  /** For example CreateStmt. */
  readonly type: string;
  readonly tree: SyntaxNode | null;
  /** Why it can't be run. */
  readonly problem: string | null;
}

/** A migration as it was read. */
export interface SourceMigration {
  readonly name: string;
  /** Relative to the project. */
  readonly file: string;
  /** The whole text: its checksum is taken of it. */
  readonly text: string;
  readonly statements: readonly SourceStatement[];
}

/** Reads the migrations of a project in the order in which they run. */
export type MigrationReader = (
  root: string,
  options?: { readonly folder?: string; readonly files?: readonly string[] },
) => Promise<readonly SourceMigration[]>;
