/**
 * What a tool's form of new migrations is given, and what it answers.
 */
import type { Fragment } from "../../find/migration.ts";

/** The content of one new migration. */
export interface Body {
  /** What its name says, for example watertight_indexes. */
  readonly words: string;
  /** Each with its comment in front and a semicolon at its end; the first one's comment is the head of the file. */
  readonly statements: readonly string[];
  /** Whether it may run in a transaction. */
  readonly transaction: boolean;
}

/** A new migration as the tool wants it. */
export interface Written {
  /** Relative to the project. */
  readonly file: string;
  readonly text: string;
  /** What a replay runs of the text; by default the statements. */
  readonly fragments?: readonly Fragment[];
  /** Other files that belong to it. */
  readonly beside?: readonly { readonly file: string; readonly text: string }[];
}

/** A file that lists the migrations: nothing runs that it does not name. */
export interface Listing {
  readonly file: string;
  /** The list with the new migrations at its end. */
  added(text: string, now: Date): string;
}

/** A tool's form. */
export interface ToolForm {
  /** All new migrations, in the order in which they run. */
  write(bodies: readonly Body[]): readonly Written[];
  /** The list for files that `write` has made. */
  readonly listing?: (files: readonly string[]) => Listing;
  /**
   * How the tool runs statements outside of a transaction: all of a file, one a file (it sends a file at once, and several statements at once are a
   * transaction to the server), or not at all.
   */
  readonly outside: "together" | "alone" | "never";
}

/** The statements as the text of a SQL file. */
export const joinedStatements = ({ statements }: Body): string => `${statements.join("\n")}\n`;
