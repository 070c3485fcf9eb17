/**
 * Evaluates the terms of a policy for one row, each by itself, as the role and in the context that the transaction has. The row comes as a value: the
 * role that is asked about need not see it. Must run in a transaction that is read-only and rolls back, because terms call functions of the user's.
 */
import { type Queryable, quoteName, quoteQualified, type Relation } from "@watertight/schema";
import type { TermValue } from "./explanation.ts";
import { columnsIn, splitTerms, type TermText } from "./split-terms.ts";

/** A row as a value. */
export interface RowValue {
  readonly relation: Relation;
  /** As the table's composite type prints it. */
  readonly literal: string;
  readonly columns: Readonly<Record<string, unknown>>;
}

/** Evaluates an expression and all its terms. */
export async function evaluate(db: Queryable, row: RowValue, expression: string): Promise<TermValue> {
  const value = await valued(db, row, splitTerms(expression));
  return marked(value);
}

async function valued(db: Queryable, row: RowValue, { kind, text, parts, sides }: TermText): Promise<TermValue> {
  const { relation } = row;
  const own = await ask(db, row, text, "boolean");
  const inner: TermValue[] = [];
  for (const part of parts) inner.push(await valued(db, row, part));
  const compared: { text: string; value: string | null }[] = [];
  for (const side of sides ?? []) {
    const answer = await ask(db, row, side, "text");
    if (answer.error === null) compared.push({ text: side, value: answer.value as string | null });
  }
  const known = relation.columns.map(({ name }) => name);
  const texts = kind === "term" ? [text, ...(sides ?? [])] : [];
  const names = new Set(texts.flatMap((each) => columnsIn(each, relation.name, known)));
  return {
    kind,
    text,
    value: own.value as boolean | null,
    error: own.error,
    sides: compared,
    columns: Object.fromEntries([...names].map((name) => [name, row.columns[name] ?? null])),
    parts: inner,
    decides: false,
  };
}

interface Answer {
  readonly value: unknown;
  readonly error: string | null;
}

// An array of one: its element has the table's own type, so that a function that takes the whole row takes this one.
async function ask(db: Queryable, { relation, literal }: RowValue, text: string, type: string): Promise<Answer> {
  const table = quoteQualified(relation.schema, relation.name);
  await db.query("savepoint watertight_term");
  try {
    const { rows } = await db.query(
      `select ((${text}))::${type} as value from unnest(array[$1::${table}]) as ${quoteName(relation.name)}`,
      [literal],
    );
    await db.query("release savepoint watertight_term");
    return { value: rows[0]?.["value"] ?? null, error: null };
  } catch (error) {
    await db.query("rollback to savepoint watertight_term");
    return { value: null, error: (error as Error).message };
  }
}

/** Marks the terms on which the value hangs, from the whole to the last part. */
function marked(term: TermValue): TermValue {
  const { kind, value, parts } = term;
  // AND that holds needs all of its parts, OR that does not hold is refused by all; otherwise the first says it
  const all = (kind === "and" && value === true) || (kind === "or" && value !== true) || kind === "not";
  const first = parts.findIndex((part) => (value === true ? part.value === true : part.value !== true));
  return { ...term, decides: true, parts: parts.map((part, at) => (all || at === first ? marked(part) : part)) };
}
