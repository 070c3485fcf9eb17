/**
 * Statements of one stretch of SQL, psql's commands and included files among them.
 */
import type { Fragment, Migration, MigrationSet } from "../find/migration.ts";
import type { ParsedStatement, Place, SyntaxNode } from "../history/statement.ts";
import { readRun } from "./batch.ts";
import { type Budget, MOST_PIECES, MOST_TEXT, SHOWN_TEXT, spend } from "./budget.ts";
import { includeCandidates } from "./includes.ts";
import { LONGEST_STATEMENT } from "./parser.ts";
import { placer } from "./place.ts";
import type { Psql, PsqlEffect } from "./psql.ts";
import { type Reading, readStatement, type Surroundings } from "./read-statement.ts";
import { patience, recover } from "./recover.ts";
import { type Piece, split } from "./split.ts";

/** The script that a stretch belongs to. */
export interface Script {
  readonly migration: Migration;
  readonly set: MigrationSet;
  readonly session: Psql;
  readonly surroundings: Surroundings;
  /** Files that are being read, outermost first. */
  readonly including: readonly string[];
  /** One for the whole set. */
  readonly budget: Budget;
}

type Skip = NonNullable<ParsedStatement["skip"]>;
interface CopyFields {
  readonly is_from?: boolean;
  readonly is_program?: boolean;
  readonly filename?: string;
}

const skipping = (base: Pick<ParsedStatement, "migration" | "place" | "text">, skip: Skip): ParsedStatement => ({
  ...base,
  type: "",
  tree: null,
  problem: null,
  skip,
});

/** COPY with the client's own stream can't run from a file: its data stand in the file, or nowhere. */
function copySkip(tree: SyntaxNode | null): Skip | undefined {
  const copy = tree?.["CopyStmt"] as CopyFields | undefined;
  if (copy === undefined || (copy.filename ?? "") !== "" || copy.is_program === true) return undefined;
  return {
    reason: copy.is_from === true ? "COPY from stdin brings rows, no schema" : "COPY to stdout changes nothing",
    matters: false,
  };
}

const blank = (text: string, { start, holes }: Piece): string =>
  holes.reduce(
    (filled, [from, to]) => filled.slice(0, from - start) + " ".repeat(to - from) + filled.slice(to - start),
    text,
  );

function lineOf(text: string, at: number): number {
  let lines = 0;
  for (let next = text.indexOf("\n"); next >= 0 && next < at; next = text.indexOf("\n", next + 1)) lines += 1;
  return lines;
}

/** Reads a statement where the script stands; `known` is its tree where its text needs no change. */
async function statementOf(
  script: Script,
  piece: Piece,
  raw: string,
  place: Place,
  known: SyntaxNode | undefined,
): Promise<ParsedStatement> {
  const { migration, session, surroundings } = script;
  const blanked = blank(raw, piece);
  const stopped = session.stopped();
  if (stopped !== null) return skipping({ migration, place, text: blanked }, stopped);
  const { text, filled } = session.fill(blanked);
  const reading: Reading =
    known !== undefined && filled.length === 0
      ? { text, tree: known, problem: null, at: 0, adapted: [] }
      : await readStatement(
          text,
          surroundings,
          filled.map((name) => `${name} filled in as psql does`),
        );
  const { tree, problem, at, adapted } = reading;
  const lines = problem === null ? 0 : lineOf(reading.text, at);
  const skip = copySkip(tree);
  return {
    migration,
    place,
    text: reading.text,
    type: tree === null ? "" : (Object.keys(tree)[0] ?? ""),
    tree,
    problem: lines > 0 ? `${problem} (line ${place.line + lines})` : problem,
    ...(adapted.length > 0 && { adapted: adapted.join(", ") }),
    ...(skip !== undefined && { skip }),
  };
}

const unread = (
  base: Pick<ParsedStatement, "migration" | "place">,
  text: string,
  problem: string,
): ParsedStatement => ({
  ...base,
  text: text.slice(0, SHOWN_TEXT),
  type: "",
  tree: null,
  problem,
});

async function include(
  script: Script,
  effect: PsqlEffect,
  base: ParsedStatement,
  file: string,
): Promise<ParsedStatement[]> {
  const { path, relative } = effect.include ?? { path: "", relative: false };
  const refuse = (why: string): ParsedStatement[] => [
    { ...base, skip: { reason: `${effect.skip.reason}: ${why}`, matters: true } },
  ];
  const candidates = includeCandidates(path, relative, file, script.set.folder);
  const found = candidates.find((candidate) => script.set.included?.[candidate] !== undefined);
  if (candidates.length === 0) return refuse("outside of the project, not read");
  if (found === undefined) return refuse("not found in the project");
  if (script.including.includes(found)) return refuse("it includes itself");
  const sql = script.set.included?.[found] ?? "";
  const inner: Script = { ...script, including: [...script.including, found] };
  return [base].concat(await parseFragment({ sql, line: 1, offset: 0, file: found }, inner));
}

/** All statements of a fragment. */
export async function parseFragment(fragment: Fragment, script: Script): Promise<ParsedStatement[]> {
  const { sql } = fragment;
  const { migration, session } = script;
  const statements: ParsedStatement[] = [];
  const placeAt = placer(migration.file, fragment);
  const patient = patience();
  let pieces = split(sql, 0, MOST_PIECES);
  let trees: ReadonlyMap<Piece, SyntaxNode> = new Map();
  /** Pieces before this one were tried in a run. */
  let tried = 0;
  for (let i = 0; i < pieces.length; i += 1) {
    const piece = pieces[i];
    if (piece === undefined) break;
    const text = sql.slice(piece.start, piece.end);
    const place = placeAt(piece.start);
    if (script.budget.left <= 0 || i >= MOST_PIECES) {
      const before =
        i >= MOST_PIECES ? `${MOST_PIECES} statements` : `more than ${MOST_TEXT / 1024 / 1024} MiB of statements`;
      statements.push(
        unread({ migration, place }, text, `from here on the file is not read: ${before} stand before it`),
      );
      break;
    }
    if (text.length > LONGEST_STATEMENT && piece.kind === "statement") {
      const problem = `a statement of ${text.length} characters; at most ${LONGEST_STATEMENT} are parsed`;
      statements.push(unread({ migration, place }, text, problem));
      continue;
    }
    if (piece.kind === "meta") {
      const effect = session.run(text);
      const base = effect && skipping({ migration, place, text }, effect.skip);
      if (effect?.include !== undefined && base !== null)
        for (const one of await include(script, effect, base, place.file)) statements.push(one);
      else if (base !== null) statements.push(base);
    } else if (piece.kind === "data") {
      const lines = text === "" ? 0 : text.trimEnd().split("\n").length;
      const copy = statements.pop();
      if (copy === undefined) continue;
      const reason = `${lines} lines of COPY data not read`;
      statements.push({ ...copy, problem: null, skip: { reason, matters: false }, dataLines: lines });
    } else {
      if (i >= tried) {
        const run = await readRun(sql, pieces, i);
        trees = run.trees;
        tried = i + run.length;
      }
      const statement = await statementOf(script, piece, text, place, trees.get(piece));
      spend(script.budget, statement);
      const others = statement.problem === null ? undefined : await recover(sql, piece, patient);
      if (others === undefined) statements.push(statement);
      else {
        pieces = [...pieces.slice(0, i), ...others];
        i -= 1;
        tried = i + 1;
      }
    }
  }
  return statements;
}
