/**
 * What a policy says is equal to what: follows an expression through sub-selects, joins, casts, views and the project's own functions, and collects
 * pairs of values that are compared. That is how `exists (select … from members m where m.org_id = t.org_id and m.user_id = auth.uid())`,
 * `is_member(org_id)` and `org_id in (select my_orgs())` come to mean the same. AND, OR and NOT are not told apart: this is for understanding a
 * schema, and must never be used to judge whether a policy holds.
 */
import type { Relation, Routine } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import { parseExpression, parseStatements } from "../sql/parser.ts";
import { readBody } from "./read-body.ts";
import { readQuery } from "./read-query.ts";
import { readCall, readValue } from "./read-value.ts";
import type { Reader } from "./reader.ts";
import { type QueryTerms, scopeWith, type Term } from "./scope.ts";
import { type RawSource, sourceKey } from "./source.ts";

/** Everything found in one expression. */
export interface Equalities {
  /** Appearances of tables; number 0 is the row that the expression is about, where there is one. */
  readonly instances: readonly Relation[];
  readonly pairs: readonly (readonly [Term, Term])[];
  readonly sources: readonly RawSource[];
  /** Parts that could not be read, as sentences. */
  readonly unread: readonly string[];
}

// deeper calls than this are no helper of a policy any more
const deepest = 8;
// helpers that call helpers multiply, too
const mostCalls = 400;
// a join of joins of helpers multiplies; what a person can check has a handful
const mostPairs = 5000;

/** Collects the equalities of a policy's expression on a table's row. */
export function equalitiesOfExpression(graph: SchemaGraph, relation: Relation, text: string): Equalities {
  return collect(graph, (reader) => {
    const row = reader.appear(relation, relation.name);
    const node = parseExpression(text);
    if (!node) return reader.unread(`an expression on ${dotted(relation)} does not parse`);
    reader.value(node, scopeWith({ entries: [row], path: [relation.schema, "public"] }));
  });
}

/** Collects what a column's default makes it equal to. */
export function equalitiesOfDefault(graph: SchemaGraph, relation: Relation, column: string, text: string): Equalities {
  return collect(graph, (reader) => {
    const row = reader.appear(relation, relation.name);
    const node = parseExpression(text);
    if (node)
      reader.link(row.lookup(column) ?? [], reader.value(node, scopeWith({ path: [relation.schema, "public"] })));
  });
}

/** Collects the equalities in a view. */
export function equalitiesOfView(graph: SchemaGraph, view: Relation): Equalities {
  return collect(graph, (reader) => void reader.view(view));
}

function collect(graph: SchemaGraph, read: (reader: Reader) => void): Equalities {
  const instances: Relation[] = [];
  const pairs: (readonly [Term, Term])[] = [];
  const sources = new Map<string, RawSource>();
  const unread = new Set<string>();
  const stack: (Routine | Relation)[] = [];
  let calls = 0;

  const within = <T>(what: Routine | Relation, otherwise: T, work: () => T): T => {
    calls += 1;
    if (stack.includes(what) || stack.length >= deepest || calls > mostCalls) return otherwise;
    stack.push(what);
    try {
      return work();
    } finally {
      stack.pop();
    }
  };
  const reader: Reader = {
    graph,
    appear(relation, alias) {
      const instance = instances.push(relation) - 1;
      const term = (column: string): Term[] => [{ kind: "column", id: `${instance}.${column}`, instance, column }];
      return {
        alias,
        lookup: (column) => (graph.column(relation, column) ? term(column) : null),
        all: () => relation.columns.map((column) => term(column.name)),
      };
    },
    link(left, right) {
      for (const one of left)
        for (const other of right) if (one.id !== other.id && pairs.length < mostPairs) pairs.push([one, other]);
    },
    source(source) {
      sources.set(sourceKey(source), source);
      return [{ kind: "source", id: sourceKey(source), source }];
    },
    value: (node, scope) => readValue(reader, node, scope),
    query: (select, scope) => readQuery(reader, select, scope),
    callNode: (call, scope) => readCall(reader, call, scope),
    call: (routine, args) => within(routine, [], () => readBody(reader, routine, args)),
    view: (relation) => within(relation, undefined, () => readView(reader, relation)),
    unread: (sentence) => void unread.add(sentence),
  };
  read(reader);
  return { instances, pairs, sources: [...sources.values()], unread: [...unread] };
}

function readView(reader: Reader, view: Relation): QueryTerms | undefined {
  const select = view.definition === null ? undefined : parseStatements(view.definition)?.[0]?.SelectStmt;
  if (!select) return undefined;
  const { terms } = reader.query(select, scopeWith({ path: [view.schema, "public"] }));
  return { names: view.columns.map((column) => column.name), terms };
}
