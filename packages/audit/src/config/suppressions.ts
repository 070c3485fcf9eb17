/**
 * Inline suppressions in SQL: `-- watertight:ignore B4 until=2027-03-01 reason="shared on purpose"`. One stands in the statement that it means, on
 * the same line behind it, or before it. Must never read one out of a string, and never drop one that is wrong without a word.
 */
import { tokenAt } from "../parse/lex.ts";
import { split } from "../parse/split.ts";
import { expiryProblem } from "./expiry.ts";

/** A suppression that is in order. It may have expired: see expiryProblem. */
export interface Suppression {
  readonly rules: readonly string[];
  readonly until: string;
  readonly reason: string;
  readonly owner: string | null;
  readonly file: string;
  readonly line: number;
  /** Lines of the statement that it means. */
  readonly covers: { readonly from: number; readonly to: number };
}

/** One that is not in order. */
export interface SuppressionProblem {
  readonly file: string;
  readonly line: number;
  /** The end of a sentence: what it lacks. */
  readonly text: string;
}

/** The suppressions of a text, and what is wrong with the others. */
export interface Suppressions {
  readonly suppressions: readonly Suppression[];
  readonly problems: readonly SuppressionProblem[];
}

/** How to read them. */
export interface SuppressionOptions {
  readonly today: Date;
  readonly maxDays: number;
  /** Line of the file on which the text starts, for SQL inside other files. */
  readonly line?: number | undefined;
}

const mark = /^(?:--|\/\*)\s*watertight:ignore\b(.*)$/s;

/** Reads the suppressions of one file or fragment. */
export function suppressionsIn(file: string, text: string, options: SuppressionOptions): Suppressions {
  if (!text.includes("watertight:ignore")) return { suppressions: [], problems: [] };
  const lineAt = lineCounter(text, options.line ?? 1);
  const statements = split(text)
    .filter((piece) => piece.kind === "statement")
    .map(({ start, end }) => ({ start, end, from: lineAt(start), to: lineAt(end - 1) }));
  const suppressions: Suppression[] = [];
  const problems: SuppressionProblem[] = [];
  // comments and statements both come in order
  let next = 0;
  for (const { at, comment } of commentsOf(text, 0, text.length)) {
    while (next < statements.length && statements[next]!.end <= at) next += 1;
    const given = mark.exec(comment)?.[1]?.replace(/\*\/\s*$/, "");
    if (given === undefined) continue;
    const line = lineAt(at);
    const read = readArguments(given);
    const before = statements[next - 1];
    const inside = (statements[next]?.start ?? at + 1) <= at;
    const covers = !inside && before?.to === line ? before : statements[next];
    const late = read.until === undefined ? null : expiryProblem(read.until, options.today, options.maxDays);
    const wrong = [
      ...read.problems,
      ...(late && !late.expired ? [late.text] : []),
      ...(covers ? [] : ["no statement follows it"]),
    ];
    if (wrong.length > 0 || !covers) problems.push({ file, line, text: wrong.join(", and ") });
    else {
      const { rules, until = "", reason = "", owner = null } = read;
      suppressions.push({ rules, until, reason, owner, file, line, covers: { from: covers.from, to: covers.to } });
    }
  }
  return { suppressions, problems };
}

/** All comments, also those in the bodies of functions. */
function commentsOf(text: string, from: number, to: number): { readonly at: number; readonly comment: string }[] {
  const found: { at: number; comment: string }[] = [];
  for (let at = from; at < to;) {
    const { kind, end } = tokenAt(text, at);
    const stop = Math.min(end, to);
    if (kind === "comment") found.push({ at, comment: text.slice(at, stop) });
    else if (kind === "dollar") {
      const opening = text.indexOf("$", at + 1) + 1;
      found.push(...commentsOf(text, opening, stop - (opening - at)));
    }
    at = stop;
  }
  return found;
}

interface Arguments {
  readonly rules: readonly string[];
  readonly until?: string;
  readonly reason?: string;
  readonly owner?: string;
  readonly problems: readonly string[];
}

const argument = /(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))/g;

function readArguments(text: string): Arguments {
  const values = new Map<string, string>();
  const problems: string[] = [];
  const rest = text.replaceAll(argument, (_all, key: string, double?: string, single?: string, bare?: string) => {
    if (!["until", "reason", "owner"].includes(key)) problems.push(`does not know ${key}`);
    values.set(key, double ?? single ?? bare ?? "");
    return " ";
  });
  const rules = rest.split(/[\s,]+/).filter((word) => word !== "");
  const strange = rules.filter((rule) => !/^[A-HP]\d{1,2}$/.test(rule));
  if (rules.length === 0) problems.push("names no rule, for example B4");
  if (strange.length > 0) problems.push(`does not know ${strange.join(" ")}: a rule is a vector such as B4`);
  const until = values.get("until");
  const reason = values.get("reason")?.trim();
  const owner = values.get("owner");
  if (until === undefined) problems.push("needs until=YYYY-MM-DD");
  if (reason === undefined || reason.length < 8) problems.push('needs reason="…", in words');
  return {
    rules,
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason }),
    ...(owner === undefined ? {} : { owner }),
    problems,
  };
}

/** Line of an offset; offsets may come in any order. */
function lineCounter(text: string, first: number): (at: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (at) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return low + first;
  };
}
