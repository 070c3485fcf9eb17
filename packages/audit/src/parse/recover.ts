/**
 * Finds the end of a statement that the parser refused because it was cut at the wrong place: a body with a column called "end", a quote that
 * never ends. Must never take text out of a dollar quote or a comment for statements: what is written there does not run.
 */
import { tokenAt } from "./lex.ts";
import { parse } from "./parser.ts";
import { type Piece, split } from "./split.ts";

/** Most places that are tried for one statement. */
const LOOKS = 60;

/** How many more times the parser may be asked: a file of nothing but broken quotes must not take minutes. */
interface Patience {
  left: number;
}

/** Enough for one file. */
export const patience = (): Patience => ({ left: 600 });

const STARTS =
  /^(?:ALTER|ANALYZE|CALL|COMMENT|COPY|CREATE|DELETE|DO|DROP|GRANT|INSERT|MERGE|REASSIGN|REFRESH|REVOKE|SECURITY|SELECT|SET|TRUNCATE|UPDATE|VACUUM|WITH)\b/i;
const LINE_BREAK = /;[ \t]*(?:--[^\n]*)?\r?\n/g;

/** Where the statement at `start` ends if some semicolon behind it makes it whole; undefined when none does. */
async function wholeEnd(text: string, start: number, patient: Patience): Promise<number | undefined> {
  let looks = 0;
  for (let at = start; at < text.length && looks < LOOKS;) {
    const { kind, end } = tokenAt(text, at);
    if (kind === "semicolon") {
      looks += 1;
      patient.left -= 1;
      const { trees } = await parse(text.slice(start, at));
      if (trees?.length === 1) return at;
    }
    at = end;
  }
  return undefined;
}

/** Line starts behind a semicolon that only a wrong quote hides. */
function hiddenStarts(text: string, piece: Piece): number[] {
  const starts: number[] = [];
  for (let at = piece.start; at < piece.end && starts.length < LOOKS;) {
    const { kind, end, closed } = tokenAt(text, at);
    const hides = kind === "string" || kind === "name" || (kind === "dollar" && !closed);
    const bare = piece.open === "body" || piece.open === "parenthesis";
    if (hides || (bare && kind === "semicolon")) {
      LINE_BREAK.lastIndex = at;
      for (let found = LINE_BREAK.exec(text); found !== null; found = LINE_BREAK.exec(text)) {
        if (found.index >= Math.min(end, piece.end)) break;
        starts.push(LINE_BREAK.lastIndex);
      }
    }
    at = end;
  }
  return starts.slice(0, LOOKS);
}

const cut = (piece: Piece, end: number): Piece => ({
  ...piece,
  end,
  open: null,
  sentBy: null,
  holes: piece.holes.filter((hole) => hole[1] < end),
});

/** Other pieces for the text from a refused one on, or undefined when its own cut stands. */
export async function recover(text: string, piece: Piece, patient: Patience): Promise<Piece[] | undefined> {
  if (/\bbegin\s+atomic\b/i.test(text.slice(piece.start, piece.end))) {
    const end = await wholeEnd(text, piece.start, patient);
    if (end !== undefined) return [cut(piece, end), ...split(text, end)];
  }
  for (const start of hiddenStarts(text, piece)) {
    if (patient.left <= 0) return undefined;
    const [next] = split(text, start, 1);
    if (next?.kind !== "statement") continue;
    const statement = text.slice(next.start, next.end);
    if (!STARTS.test(statement) || text.slice(start, next.start).endsWith(" ")) continue;
    patient.left -= 1;
    if ((await parse(statement)).trees !== null) {
      const end = piece.start + text.slice(piece.start, start).trimEnd().replace(/;$/, "").length;
      return [cut(piece, end), ...split(text, start)];
    }
  }
  return undefined;
}
