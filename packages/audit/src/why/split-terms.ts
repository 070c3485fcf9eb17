/**
 * The expression of a policy, as pg_get_expr prints it, in its terms: AND, OR and NOT with the text of each part, and a comparison's two sides. The text
 * is cut and never rewritten, so that what is evaluated is what PostgreSQL evaluates. Pure.
 */

/** A part of an expression. */
export interface TermText {
  readonly kind: "and" | "or" | "not" | "term";
  /** As printed, without the brackets around it. */
  readonly text: string;
  readonly parts: readonly TermText[];
  /** Both sides of a comparison. */
  readonly sides: readonly [left: string, right: string] | null;
}

type Mark = { readonly word: string; readonly from: number; readonly to: number };

/** The words and operators of a text that stand in no bracket, quote or CASE. */
function topLevel(text: string): Mark[] {
  const marks: Mark[] = [];
  let depth = 0;
  let cases = 0;
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const quoted = /^(?:E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*")/s.exec(rest)?.[0];
    if (quoted !== undefined) {
      at += quoted.length;
      continue;
    }
    const word =
      /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/.exec(rest)?.[0] ?? /^[-+*/<>=~!@#%^&|`?]+/.exec(rest)?.[0];
    if (word === undefined) {
      if ("([".includes(text[at]!)) depth++;
      if (")]".includes(text[at]!)) depth--;
      at++;
      continue;
    }
    // keywords are printed in capitals, and a name in capitals is quoted
    if (word === "CASE") cases++;
    if (depth === 0 && cases === 0) marks.push({ word, from: at, to: at + word.length });
    if (word === "END") cases--;
    at += word.length;
  }
  return marks;
}

/** Without brackets that hold the whole of it. */
function bare(text: string): string {
  let inner = text.trim();
  while (inner.startsWith("(") && closes(inner)) inner = inner.slice(1, -1).trim();
  return inner;
}

/** Whether the first bracket is closed by the last character. A mark behind the bracket says no. */
function closes(text: string): boolean {
  if (!text.endsWith(")")) return false;
  let depth = 0;
  for (const piece of text.matchAll(/E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]/gs)) {
    if (piece[0] === "(") depth++;
    if (piece[0] === ")") depth--;
    if (depth === 0) return piece.index === text.length - 1;
  }
  return false;
}

const comparison = /^(=|<>|!=|<|>|<=|>=|~~|!~~|~~\*|!~~\*|~|!~|~\*|!~\*|@>|<@|&&|\?|\?\||\?&)$/;

/** Cuts an expression. @example splitTerms("((a = b) AND (NOT c))").parts.map(({ text }) => text) // ["a = b", "NOT c"] */
export function splitTerms(text: string): TermText {
  const inner = bare(text);
  const marks = topLevel(inner);
  for (const kind of ["or", "and"] as const) {
    const cuts = marks.filter(({ word }) => word === kind.toUpperCase());
    if (cuts.length === 0) continue;
    const parts = [...cuts, { from: inner.length, to: inner.length }].map((cut, at) =>
      splitTerms(inner.slice(cuts[at - 1]?.to ?? 0, cut.from)),
    );
    return { kind, text: inner, parts, sides: null };
  }
  if (marks[0]?.word === "NOT" && marks[0].from === 0)
    return { kind: "not", text: inner, parts: [splitTerms(inner.slice(marks[0].to))], sides: null };
  return { kind: "term", text: inner, parts: [], sides: sidesOf(inner, marks) };
}

function sidesOf(text: string, marks: readonly Mark[]): TermText["sides"] {
  if (text.startsWith("SELECT ")) return null;
  const operators = marks.filter(({ word }) => comparison.test(word));
  const distinct = /^(.*) IS (?:NOT )?DISTINCT FROM (.*)$/s.exec(text);
  if (operators.length === 0 && distinct !== null && marks.some(({ word }) => word === "DISTINCT"))
    return [bare(distinct[1]!), bare(distinct[2]!)];
  const [operator, ...more] = operators;
  if (operator === undefined || more.length > 0) return null;
  const [left, right] = [text.slice(0, operator.from), text.slice(operator.to)];
  return /^\s*(ANY|ALL)\s*\(/.test(right) ? null : [bare(left), bare(right)];
}

/** The columns of the table that a term looks at. A term with a sub-select names them with the table. */
export function columnsIn(text: string, table: string, columns: readonly string[]): string[] {
  const pattern =
    /'(?:[^']|'')*'|((?:"(?:[^"]|"")*"|[A-Za-z_][\w$]*)(?:\.(?:"(?:[^"]|"")*"|[A-Za-z_][\w$]*))*)(?!\s*\()/g;
  const nested = /\bSELECT\b/.test(text);
  const found = new Set<string>();
  for (const [, name] of text.matchAll(pattern)) {
    const words = [...(name ?? "").matchAll(/"((?:[^"]|"")*)"|([^."]+)/g)].map(([, quoted, plain]) =>
      quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
    );
    const column = words.at(-1) ?? "";
    const own = words.length > 1 ? words.at(-2) === table : !nested;
    if (own && columns.includes(column)) found.add(column);
  }
  return [...found];
}
