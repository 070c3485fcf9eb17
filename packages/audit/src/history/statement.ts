/**
 * One statement of a migration with its place, its syntax tree and what became of it.
 */
import type { Migration } from "../find/migration.ts";

/** A node of libpg-query's syntax tree: one key that names its type, for example { CreatePolicyStmt: {…} }. */
// oxlint-disable-next-line typescript/no-explicit-any -- the tree has hundreds of shapes; each reader names what it reads
export type SyntaxNode = Record<string, any>;

/** A place in the user's files; line and column count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A statement as parsed; `tree` is null where the parser refused it (then `problem` says why). */
export interface ParsedStatement {
  readonly migration: Migration;
  /** Place of its first word. */
  readonly place: Place;
  /** As it is to be run; the `location`s of `tree` are byte offsets in it. */
  readonly text: string;
  /** The type of the tree, for example CreatePolicyStmt; "" without a tree. */
  readonly type: string;
  readonly tree: SyntaxNode | null;
  readonly problem: string | null;
  /** `text` is not what stands in the file: what was changed in it, for example a placeholder that was filled in. */
  readonly adapted?: string;
  /** Not to be run, and why: psql's backslash commands, COPY data. `matters` is whether the catalog may lack something by that. */
  readonly skip?: { readonly reason: string; readonly matters: boolean };
  /** Lines of data that stood behind a COPY … FROM stdin and were not read. */
  readonly dataLines?: number;
}

/** What became of a statement in the throw-away server. */
export type Outcome =
  | {
      readonly state: "ran";
      /** Changed before it ran, for example a placeholder that was filled in. */ readonly adapted?: string;
    }
  | { readonly state: "failed"; readonly reason: string; readonly sqlstate: string | null }
  /** Not run on purpose: it would reach outside, or has no meaning there. */
  | {
      readonly state: "skipped";
      readonly reason: string;
      /** Whether the catalog may lack something by that. */ readonly matters: boolean;
    };

/** A statement that was replayed. `index` orders all statements of the run, from 0. */
export interface Statement extends ParsedStatement {
  readonly index: number;
  readonly outcome: Outcome;
  /** It ran as superuser because nothing less may. */
  readonly asSuperuser: boolean;
  /** Identity of objects that it created or altered, dynamic SQL in DO blocks included; keys as in object-key.ts. */
  readonly touched: readonly string[];
}
