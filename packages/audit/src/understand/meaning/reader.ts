/**
 * What the readers of values, queries and bodies share while one expression is read: the collected pairs, and each other. It exists so that they
 * can call each other without importing each other. Must never hold anything beyond one expression.
 */
import type { Relation, Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import type { SchemaGraph } from "../schema/graph.ts";
import type { Entry, QueryTerms, Scope, Term } from "./scope.ts";
import type { RawSource } from "./source.ts";

/** The reading of one expression. */
export interface Reader {
  readonly graph: SchemaGraph;
  /** A table appears under a name; each appearance has columns of its own. */
  appear(relation: Relation, alias: string): Entry;
  /** Any of the one may be equal to any of the other. */
  link(left: readonly Term[], right: readonly Term[]): void;
  source(source: RawSource): readonly Term[];
  value(node: SyntaxNode, scope: Scope): readonly Term[];
  query(select: SyntaxNode, scope: Scope): QueryTerms;
  /** The results of a function of the project, one list for each column. */
  call(routine: Routine, args: readonly (readonly Term[])[]): readonly (readonly Term[])[];
  /** The results of a call as it is written. */
  callNode(call: SyntaxNode, scope: Scope): readonly (readonly Term[])[];
  /** The columns of a view. */
  view(relation: Relation): QueryTerms | undefined;
  /** A part that is not understood, as a sentence. */
  unread(sentence: string): void;
}
