/**
 * The statements of a history in the order in which they ran, each with what a reader needs to understand its names: the search path, the
 * transaction, and what became of a relation later (renamed, moved, dropped). Must never count a statement that failed or was skipped.
 */
import type { QualifiedName } from "@watertight/schema";
import type { History } from "../../history/history.ts";
import type { Statement, SyntaxNode } from "../../history/statement.ts";
import { nameWords } from "../../understand/sql/parser.ts";

/** One statement that ran. */
export interface Moment {
  readonly at: number;
  readonly statement: Statement;
  readonly type: string;
  /** The fields of its tree. */
  readonly node: SyntaxNode;
  /** Statements of one transaction share it; outside of one every statement has its own. */
  readonly transaction: string;
  /** The relation of a name without schema. */
  name(node: SyntaxNode | undefined): QualifiedName | null;
  /** The same for a list of words, as DROP has them. */
  words(words: readonly string[]): QualifiedName | null;
}

const timelines = new WeakMap<History, readonly Moment[]>();

/** All moments of a history. */
export function timelineOf(history: History): readonly Moment[] {
  const known = timelines.get(history) ?? read(history);
  timelines.set(history, known);
  return known;
}

function read(history: History): Moment[] {
  const moments: Moment[] = [];
  let schema = "public";
  let migration: unknown;
  let block: string | null = null;
  for (const statement of history.statements) {
    const { tree, type, outcome, index } = statement;
    if (statement.migration !== migration) {
      // every tool opens a connection, or at least a transaction, of its own for a file
      migration = statement.migration;
      schema = "public";
      block = null;
    }
    if (outcome.state !== "ran" || tree === null) continue;
    const node = (tree[type] ?? {}) as SyntaxNode;
    if (type === "TransactionStmt") {
      if (/BEGIN|START/.test(node.kind as string)) block = `block ${index}`;
      else if (/COMMIT$|ROLLBACK$/.test(node.kind as string)) block = null;
    }
    schema = firstSchema(type, node) ?? schema;
    const current = schema;
    const words = (list: readonly string[]): QualifiedName | null => {
      const [name, above = current] = list.toReversed();
      return name === undefined || name === "" ? null : { schema: above, name };
    };
    moments.push({
      at: moments.length,
      statement,
      type,
      node,
      transaction:
        block ?? (statement.migration.transaction ? `file ${statement.migration.file}` : `statement ${index}`),
      name: (range) =>
        words([range?.schemaname, range?.relname].filter((word): word is string => typeof word === "string")),
      words,
    });
  }
  return moments;
}

/** The schema in which names without one are made from now on; undefined where the statement says nothing of it. */
function firstSchema(type: string, node: SyntaxNode): string | undefined {
  if (type !== "VariableSetStmt" || node.name !== "search_path") return undefined;
  if (node.kind !== "VAR_SET_VALUE") return "public";
  const names = ((node.args ?? []) as SyntaxNode[]).map((arg) => (arg.A_Const?.sval?.sval as string | undefined) ?? "");
  return (
    names
      .flatMap((name) => name.split(","))
      .map((name) => name.trim().replaceAll('"', ""))
      .find((name) => name !== "" && name !== "$user") ?? "public"
  );
}

// A relation changes its name seldom, and is asked for its name often.
const moves = new WeakMap<readonly Moment[], readonly Moment[]>();

function movesIn(moments: readonly Moment[]): readonly Moment[] {
  const known =
    moves.get(moments) ?? moments.filter(({ type }) => /^(RenameStmt|AlterObjectSchemaStmt|DropStmt)$/.test(type));
  moves.set(moments, known);
  return known;
}

/** What a relation is called at the end; null where it was dropped. Follows names behind the moment `after`. */
export function finalName(moments: readonly Moment[], start: QualifiedName, after: number): QualifiedName | null {
  let name = start;
  for (const { at, type, node, words, name: nameOf } of movesIn(moments)) {
    if (at <= after) continue;
    const is = (other: QualifiedName | null): boolean => other?.schema === name.schema && other.name === name.name;
    if (type === "RenameStmt" && renames.test(node.renameType as string) && is(nameOf(node.relation)))
      name = { schema: name.schema, name: node.newname as string };
    else if (type === "RenameStmt" && node.renameType === "OBJECT_SCHEMA" && node.subname === name.schema)
      name = { schema: node.newname as string, name: name.name };
    else if (type === "AlterObjectSchemaStmt" && is(nameOf(node.relation)))
      name = { schema: node.newschema as string, name: name.name };
    else if (type === "DropStmt" && /^OBJECT_(TABLE|VIEW|MATVIEW)$/.test(node.removeType as string)) {
      for (const object of node.objects as SyntaxNode[])
        if (is(words(nameWords(object.List?.items as SyntaxNode[] | undefined)))) return null;
    } else if (type === "DropStmt" && node.removeType === "OBJECT_SCHEMA") {
      if (nameWords(node.objects as SyntaxNode[]).includes(name.schema)) return null;
    }
  }
  return name;
}

const renames = /^OBJECT_(TABLE|VIEW|MATVIEW)$/;
