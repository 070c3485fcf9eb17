/**
 * Values of expressions that are made of literals: strings, templates, sums, lists, objects, and names of such. Must never run code: what it
 * can't know is `unknown`, with its source.
 */
import { quoteName, quoteText } from "@watertight/schema";
import { divide, functionAt, past, type Range } from "./functions.ts";
import { type CodeText, concat, cook, lineFinder, textAt } from "./text.ts";
import type { CodeToken } from "./tokens.ts";

/** What an expression is. A file is one that the code reads, relative to its own folder. */
export type Value =
  | { readonly kind: "text"; readonly text: CodeText }
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | { readonly kind: "object"; readonly fields: ReadonlyMap<string, Value> }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "unknown"; readonly source: string };

/** Names and what they stand for. */
export type Scope = ReadonlyMap<string, Value>;

/** A source with what is needed to find lines in it. */
export interface Source {
  readonly text: string;
  readonly find: ReturnType<typeof lineFinder>;
  /** How many more expressions and steps are followed. */
  left: number;
}

/** Opens a source. */
export const sourceOf = (text: string): Source => ({ text, find: lineFinder(text), left: 60_000 });

/** Counts a step; a program may hold loops in loops, and helpers that call themselves. */
export function spend(source: Source): void {
  source.left -= 1;
  if (source.left < 0) throw new RangeError("more steps than a migration takes");
}

const READS = /(?:^|\.)(?:readFileSync|readFile)$/;
const JOINS = /(?:^|\.)(?:join|resolve)$/;
const RAW = /\.(?:raw|unsafe)$/;
const NAMES = /\.(?:ref|table|id|identifier|name)$/;
const LITERALS = /\.(?:lit|literal|val|value)$/;

/** Values of expressions in one list of tokens (a template's expressions are lists of their own). */
export function evaluate(tokens: readonly CodeToken[], range: Range, scope: Scope, source: Source): Value {
  spend(source);
  const { from } = range;
  let { to } = range;
  const word = (i: number): string => (i < to ? (tokens[i]?.text ?? "") : "");
  const unknown = (): Value => ({
    kind: "unknown",
    source: source.text.slice(tokens[from]?.start, tokens[to - 1]?.end),
  });
  const inner = (sub: Range): Value => evaluate(tokens, sub, scope, source);

  if (word(from) === "await") return inner({ from: from + 1, to });
  for (let i = from; i < to; i = past(tokens, i)) {
    if (i > from && /^(?:as|satisfies)$/.test(word(i)) && tokens[i]?.kind === "name") to = i;
    else if (word(i) === word(i + 1) && /^[|?]$/.test(word(i))) {
      const left = inner({ from, to: i });
      return left.kind === "unknown" ? inner({ from: i + 2, to }) : left;
    }
  }
  const terms = divide(tokens, { from, to }, "+");
  if (terms.length > 1) {
    const texts = terms.map((term) => asText(inner(term)));
    return texts.includes(undefined)
      ? unknown()
      : { kind: "text", text: concat(texts.filter((text) => text !== undefined)) };
  }
  if (from >= to) return unknown();
  const [first, next] = operand(from);
  return postfix(first, next);

  /** The value that begins at `i`, and where what follows it begins. */
  function operand(i: number): [Value, number] {
    const token = tokens[i];
    if (token === undefined) return [unknown(), to];
    const content = (): Range => ({ from: i + 1, to: token.close });
    if (token.kind === "string")
      return [{ kind: "text", text: cook(token.text.slice(1, -1), token.start + 1, source.find) }, i + 1];
    if (token.kind === "number") return [{ kind: "text", text: textAt(token.text, token, source.find) }, i + 1];
    if (token.kind === "template") return [template(token, false), i + 1];
    if (token.text === "(") return [inner(content()), token.close + 1];
    if (token.text === "[")
      return [{ kind: "list", items: divide(tokens, content(), ",").map(inner) }, token.close + 1];
    if (token.text === "{") return [{ kind: "object", fields: fieldsOf(content()) }, token.close + 1];
    if (token.kind === "name") return name(i);
    return [unknown(), to];
  }

  /** A name, a path of names, a call of one, or a template with a tag. */
  function name(i: number): [Value, number] {
    let end = i + 1;
    let path = word(i);
    const known = scope.get(path);
    if (known !== undefined) return [known, end];
    while (/^\??\.$/.test(word(end)) && tokens[end + 1]?.kind === "name") {
      path += `.${word(end + 1)}`;
      end += 2;
    }
    const token = end < to ? tokens[end] : undefined;
    if (token?.kind === "template") return [template(token, path === "String.raw"), end + 1];
    if (token?.text === "(" && token.close > end)
      return [call(path, { from: end + 1, to: token.close }), token.close + 1];
    if (path === "__dirname" || path === "import.meta.dirname")
      return [{ kind: "text", text: textAt(".", i, source.find) }, end];
    return [unknown(), to];
  }

  function call(path: string, content: Range): Value {
    const values = divide(tokens, content, ",").map(inner);
    const texts = values.map(asText);
    const [head] = texts;
    const made = (text: string): Value => ({
      kind: "text",
      text: textAt(text, tokens[content.from] ?? 0, source.find),
    });
    if (RAW.test(path) && values[0] !== undefined) return values[0];
    if (READS.test(path) && head !== undefined) return { kind: "file", path: head.text };
    if (texts.includes(undefined) || head === undefined) return unknown();
    const strings = texts.map((text) => text?.text ?? "");
    if (JOINS.test(path)) return made(strings.join("/"));
    if (NAMES.test(path))
      return made(
        strings
          .flatMap((text) => text.split("."))
          .map(quoteName)
          .join("."),
      );
    return LITERALS.test(path) ? made(quoteText(strings[0] ?? "")) : unknown();
  }

  function template(token: CodeToken, raw: boolean): Value {
    const texts = token.parts.map(({ start, end, tokens: code }) => {
      const own = source.text.slice(start, end);
      if (code === null) return raw ? rawText(own, start) : cook(own, start, source.find);
      const value = asText(evaluate(code, { from: 0, to: code.length }, scope, source));
      return value ?? textAt(`\${${own.replaceAll(/\s+/g, " ").trim()}}`, start, source.find);
    });
    return { kind: "text", text: concat(texts) };
  }

  function rawText(own: string, start: number): CodeText {
    const { line, column } = source.find(start);
    return { text: own, lines: own.split("\n").map((_, i) => line + i), column, offset: start };
  }

  function fieldsOf(content: Range): Map<string, Value> {
    const fields = new Map<string, Value>();
    for (const { from: start, to: end } of divide(tokens, content, ",")) {
      const key = tokens[start];
      if (key === undefined || key.text === "..." || key.text === "[") continue;
      const label = key.kind === "string" ? key.text.slice(1, -1) : key.text;
      const value = tokens[start + 1]?.text === ":" ? inner({ from: start + 2, to: end }) : scope.get(label);
      if (value !== undefined) fields.set(label, value);
    }
    return fields;
  }

  /** Properties, indexes and the few methods that keep a value known. */
  function postfix(start: Value, at: number): Value {
    let value = start;
    let i = at;
    while (i < to) {
      if (word(i) === "!") i += 1;
      else if (word(i) === "[") {
        const key = asText(inner({ from: i + 1, to: tokens[i]?.close ?? to }))?.text ?? "";
        value =
          (value.kind === "list"
            ? value.items[Number(key)]
            : value.kind === "object"
              ? value.fields.get(key)
              : undefined) ?? unknown();
        i = past(tokens, i);
      } else if (/^\??\.$/.test(word(i)) && word(i + 2) === "(") {
        value = method(value, word(i + 1), { from: i + 3, to: tokens[i + 2]?.close ?? to });
        i = past(tokens, i + 2);
      } else if (/^\??\.$/.test(word(i))) {
        value = (value.kind === "object" ? value.fields.get(word(i + 1)) : undefined) ?? unknown();
        i += 2;
      } else return unknown();
    }
    return value;
  }

  function method(value: Value, called: string, content: Range): Value {
    if (value.kind === "file") return called === "toString" || called === "trim" ? value : unknown();
    if (
      value.kind === "text" &&
      /^(?:trim|trimEnd|trimStart|toString|concat)$/.test(called) &&
      content.from >= content.to
    )
      return value;
    if (value.kind !== "list") return unknown();
    if (called === "join") {
      const between = content.from < content.to ? asText(inner(content)) : textAt(",", content.from, source.find);
      const texts = value.items.map(asText);
      if (between === undefined || texts.includes(undefined)) return unknown();
      return {
        kind: "text",
        text: concat(texts.flatMap((text, i) => (text === undefined ? [] : i === 0 ? [text] : [between, text]))),
      };
    }
    const made = called === "map" || called === "flatMap" ? functionAt(tokens, source.text, content.from) : undefined;
    if (made === undefined) return unknown();
    const body = made.expression ? made.body : returned(made.body);
    if (body === undefined) return unknown();
    return {
      kind: "list",
      items: value.items.map((item) =>
        evaluate(tokens, body, new Map([...scope, [made.parameters[0] ?? "", item]]), source),
      ),
    };
  }

  function returned({ from: start, to: end }: Range): Range | undefined {
    return tokens[start]?.text === "return"
      ? { from: start + 1, to: tokens[end - 1]?.text === ";" ? end - 1 : end }
      : undefined;
  }
}

/** The text of a value that is one. */
export const asText = (value: Value): CodeText | undefined => (value.kind === "text" ? value.text : undefined);
