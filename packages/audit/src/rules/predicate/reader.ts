/**
 * The door to reading: a policy's expression, or a function's answer, as a term. Results are kept for each catalog, since several rules ask for
 * the same ones. The parser must be loaded (`loadParser`).
 */
import type { Relation } from "@watertight/schema";
import { parseExpression } from "../../understand/sql/parser.ts";
import type { Catalog } from "./catalog.ts";
import { readCall } from "./read-call.ts";
import { readSelect } from "./read-select.ts";
import { readTerm } from "./read-term.ts";
import { type Reader, scope } from "./scope.ts";
import type { RowVariable, Term } from "./term.ts";

/** An expression on a row of a table. */
export interface Predicate {
  readonly term: Term;
  /** The row that it judges. */
  readonly row: RowVariable;
}

/** A reader over a catalog. */
export function readerOf(catalog: Catalog): Reader {
  const reader: Reader = {
    catalog,
    term: (node, place) => readTerm(reader, node, place),
    select: (node, place) => readSelect(reader, node, place),
    call: (node, place) => readCall(reader, node, place),
  };
  return reader;
}

/** Reads an expression as pg_get_expr prints it; null where it does not parse. */
export function readPredicate(reader: Reader, relation: Relation, text: string): Predicate | null {
  const node = parseExpression(text);
  if (node === null) return null;
  const row: RowVariable = { alias: relation.name, relation, actor: null, called: false };
  const taken = new Set([relation.name]);
  const path = [...new Set(["public", relation.schema])];
  return { row, term: reader.term(node, scope({ entries: [{ alias: relation.name, source: row }], path, taken })) };
}
