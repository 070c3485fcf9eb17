/**
 * Parses runs of statements in one call: each call into the parser costs as much as a few statements (measured: a third of the time). Must
 * never decide anything: where the parser refuses a run or cuts it otherwise than we do, its statements are read one by one.
 */
import type { SyntaxNode } from "../history/statement.ts";
import { parse } from "./parser.ts";
import { mayHoldPlaceholder } from "./placeholders.ts";
import type { Piece } from "./split.ts";

/** Most text of one call, in UTF-16 units: one bad statement sends this much to be read one by one. */
const MOST_TEXT = 32 * 1024;

const LOCATIONS: ReadonlySet<string> = new Set([
  "location",
  "name_location",
  "list_start",
  "list_end",
  "rexpr_list_start",
  "rexpr_list_end",
]);

/** Makes the locations of a tree count from its statement; one of 0 is absent, as in every tree. */
function rebase(tree: SyntaxNode, base: number): void {
  const stack: SyntaxNode[] = [tree];
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    for (const key in node) {
      const value: unknown = node[key];
      if (typeof value === "object" && value !== null) stack.push(value as SyntaxNode);
      else if (typeof value === "number" && value >= base && LOCATIONS.has(key)) {
        if (value === base) delete node[key];
        else node[key] = value - base;
      }
    }
}

/** Statements that can be read as they stand: no command within, no placeholder to be looked at. */
const isPlain = (sql: string, piece: Piece): boolean =>
  piece.kind === "statement" &&
  piece.open === null &&
  piece.holes.length === 0 &&
  !mayHoldPlaceholder(sql.slice(piece.start, piece.end));

/** The run of plain pieces that begins at `i`, as far as one call takes it. */
function runAt(sql: string, pieces: readonly Piece[], i: number): Piece[] {
  const run: Piece[] = [];
  const start = pieces[i]?.start ?? 0;
  for (let n = i; n < pieces.length; n += 1) {
    const piece = pieces[n];
    if (piece === undefined || !isPlain(sql, piece) || (run.length > 0 && piece.end - start > MOST_TEXT)) break;
    run.push(piece);
    if (piece.sentBy !== null) break;
  }
  return run;
}

/** A run that was read: trees by piece, none where its pieces have to be read one by one. */
export interface Run {
  readonly length: number;
  readonly trees: ReadonlyMap<Piece, SyntaxNode>;
}

/** Reads the run that begins at a piece. */
export async function readRun(sql: string, pieces: readonly Piece[], i: number): Promise<Run> {
  const run = runAt(sql, pieces, i);
  const [first] = run;
  const last = run.at(-1);
  const none: Run = { length: Math.max(run.length, 1), trees: new Map() };
  if (first === undefined || last === undefined || run.length < 2) return none;
  const parsed = await parse(sql.slice(first.start, last.end));
  if (parsed.trees === null || parsed.trees.length !== run.length) return none;
  const trees = new Map<Piece, SyntaxNode>();
  let bytes = 0;
  let at = first.start;
  for (const [n, piece] of run.entries()) {
    bytes += Buffer.byteLength(sql.slice(at, piece.start));
    at = piece.start;
    const tree = parsed.trees[n];
    if (tree === undefined || parsed.starts[n] !== bytes) return none;
    rebase(tree, bytes);
    trees.set(piece, tree);
  }
  return { length: run.length, trees };
}
