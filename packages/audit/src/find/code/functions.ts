/**
 * Functions in code: their parameters and their bodies, as ranges of tokens.
 */
import type { CodeToken } from "./tokens.ts";

/** A range of tokens, `to` excluded. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A function. A parameter that is taken apart has the name "". */
export interface CodeFunction {
  readonly parameters: readonly string[];
  readonly body: Range;
  /** The body is one expression, whose value is the function's. */
  readonly expression: boolean;
  /** Behind the function. */
  readonly end: number;
}

const textAt = (tokens: readonly CodeToken[], i: number): string => tokens[i]?.text ?? "";

/** The index behind a token, or behind the bracket that it opens. */
export const past = (tokens: readonly CodeToken[], i: number): number => Math.max(i, tokens[i]?.close ?? i) + 1;

/** Divides a range at a mark outside of brackets. */
export function divide(tokens: readonly CodeToken[], { from, to }: Range, mark: string): Range[] {
  const ranges: Range[] = [];
  let start = from;
  for (let i = from; i < to; i = past(tokens, i))
    if (textAt(tokens, i) === mark) {
      ranges.push({ from: start, to: i });
      start = i + 1;
    }
  return start < to ? [...ranges, { from: start, to }] : ranges;
}

const endsValue = (token: CodeToken | undefined): boolean =>
  token !== undefined && (token.kind !== "mark" || /^[)\]}]$/.test(token.text));
const CONTINUES = /^(?:as|in|instanceof|of|satisfies)$/;

/** Where an expression ends: a comma, a semicolon, a closing bracket, or a line that begins anew. */
export function expressionEnd(tokens: readonly CodeToken[], source: string, from: number): number {
  let i = from;
  while (i < tokens.length) {
    const token = tokens[i];
    const before = i > from ? tokens[i - 1] : undefined;
    if (token === undefined || /^[,;)\]}]$/.test(token.text)) return i;
    const starts = token.kind === "name" && !CONTINUES.test(token.text);
    if (starts && endsValue(before) && source.slice(before?.end, token.start).includes("\n")) return i;
    i = past(tokens, i);
  }
  return i;
}

function parameterNames(tokens: readonly CodeToken[], range: Range): string[] {
  return divide(tokens, range, ",").map(({ from, to }) => {
    let i = from;
    while (/^(?:public|private|protected|readonly|\.\.\.)$/.test(textAt(tokens, i)) && i + 1 < to) i += 1;
    return tokens[i]?.kind === "name" ? textAt(tokens, i) : "";
  });
}

/** The function whose parameters (or `async`, or `function`) stand at `at`; undefined when there is none. */
export function functionAt(tokens: readonly CodeToken[], source: string, at: number): CodeFunction | undefined {
  let i = at;
  if (textAt(tokens, i) === "async") i += 1;
  if (textAt(tokens, i) === "function") {
    i += 1;
    if (textAt(tokens, i) === "*") i += 1;
    if (tokens[i]?.kind === "name") i += 1;
  }
  let parameters: string[];
  if (textAt(tokens, i) === "(") {
    const close = tokens[i]?.close ?? -1;
    if (close < 0) return undefined;
    parameters = parameterNames(tokens, { from: i + 1, to: close });
    i = close + 1;
  } else if (tokens[i]?.kind === "name" && textAt(tokens, i + 1) === "=>") {
    parameters = [textAt(tokens, i)];
    i += 1;
  } else return undefined;
  if (textAt(tokens, i) === ":") while (i < tokens.length && !/^(?:=>|\{|;|\})$/.test(textAt(tokens, i))) i += 1;
  const arrow = textAt(tokens, i) === "=>";
  if (arrow) i += 1;
  const opener = tokens[i];
  if (opener?.text === "{" && opener.close > i)
    return { parameters, body: { from: i + 1, to: opener.close }, expression: false, end: opener.close + 1 };
  if (!arrow) return undefined;
  const end = expressionEnd(tokens, source, i);
  return { parameters, body: { from: i, to: end }, expression: true, end };
}

/** All functions of a file that have a name, the first of a name wins: declarations, methods, and those assigned to a name. */
export function namedFunctions(tokens: readonly CodeToken[], source: string): Map<string, CodeFunction> {
  const found = new Map<string, CodeFunction>();
  const keep = (name: string, at: number): void => {
    const made = found.has(name) ? undefined : functionAt(tokens, source, at);
    if (made !== undefined) found.set(name, made);
  };
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== "name") continue;
    const next = textAt(tokens, i + 1);
    const before = textAt(tokens, i - 1);
    if (before === "function" || (before === "*" && textAt(tokens, i - 2) === "function")) keep(token.text, i + 1);
    else if (next === "=" || next === ":") {
      // a type may stand between name and value: up: (x: A) => B, const up: Migration = async () => {}
      keep(token.text, i + 2);
      if (next === ":" && !found.has(token.text)) keepTyped(i + 2, token.text);
    } else if (next === "(" && before !== "." && before !== "new") {
      const close = tokens[i + 1]?.close ?? -1;
      const behind = textAt(tokens, close + 1);
      if (close > 0 && (behind === "{" || behind === ":") && !/^(?:if|for|while|switch|catch|with)$/.test(token.text))
        keep(token.text, i + 1);
    }
  }
  return found;

  function keepTyped(from: number, name: string): void {
    for (let i = from; i < Math.min(from + 12, tokens.length); i = past(tokens, i)) {
      if (/^[;,{]$/.test(textAt(tokens, i))) return;
      if (textAt(tokens, i) === "=") return keep(name, i + 1);
    }
  }
}
