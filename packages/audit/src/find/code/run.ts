/**
 * Follows the code of a migration's `up` as far as it is literal: SQL calls, loops over literal lists, helpers of the same file. Must never run
 * code nor guess: what is built or known only by the program is reported with its line.
 */
import type { Fragment } from "../migration.ts";
import { type CodeFunction, divide, expressionEnd, functionAt, past, type Range } from "./functions.ts";
import { bind } from "./bindings.ts";
import { concat, fragmentOf } from "./text.ts";
import type { CodeToken } from "./tokens.ts";
import { asText, evaluate, type Source, spend, type Value } from "./values.ts";

/** What was found, in the order in which it runs. `file` is read by the code. */
export type Step =
  | { readonly kind: "sql"; readonly fragment: Fragment }
  | { readonly kind: "file"; readonly path: string; readonly line: number }
  | { readonly kind: "unread"; readonly line: number; readonly reason: string };

/** A file's code. */
export interface Code {
  readonly tokens: readonly CodeToken[];
  readonly source: Source;
  readonly functions: ReadonlyMap<string, CodeFunction>;
}

const RUNS_SQL = /^(?:query|raw|sql|addSql|exec|unsafe|\$executeRawUnsafe|\$executeRaw|\$queryRawUnsafe|none|execute)$/;
const RUNS_TEMPLATE = /^(?:sql|\$executeRaw|\$queryRaw|query|raw)$/;
const BUILDS =
  /^(?:create|drop|alter|add|remove|rename|change|grant|revoke)(?:[A-Z]\w*)$|^(?:table|withSchema|comment)$/;
const BUILDERS = /^(?:pgm|schema|queryRunner|queryInterface|this|createTable|db|trx|qi|migration)$/;
const DEPTH = 6;

/** Follows a range of code; `scope` is what its names stand for, and changes as they do. */
export function run(code: Code, range: Range, scope: Map<string, Value>, depth = 0): Step[] {
  const { tokens, source, functions } = code;
  spend(source);
  const steps: Step[] = [];
  const word = (i: number): string => (i < range.to && i >= range.from ? (tokens[i]?.text ?? "") : "");
  const lineOf = (i: number): number => source.find(tokens[i]?.start ?? 0).line;
  const unread = (i: number, reason: string): void => {
    steps.push({ kind: "unread", line: lineOf(i), reason });
  };
  const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text).replaceAll(/\s+/g, " ");

  /** SQL that is run, or why it is not read. */
  function runs(value: Value, i: number, values: readonly Value[]): void {
    if (value.kind === "file") steps.push({ kind: "file", path: value.path, line: lineOf(i) });
    else if (value.kind === "object") {
      const text = value.fields.get("text") ?? value.fields.get("sql");
      if (text !== undefined) runs(text, i, values);
    } else if (value.kind === "text")
      // Kysely's sql.raw(…) takes the text as it is
      steps.push({
        kind: "sql",
        fragment: fragmentOf(word(i - 2) === "sql" ? value.text : bind(value.text, values[1], word(i))),
      });
    else if (value.kind === "list") for (const item of value.items) runs(item, i, values);
    else unread(i, `SQL that the program makes: ${shown(value.source)}`);
  }

  /** A body with names of its own; what it assigns to the names around it stays. */
  function nested(body: Range, own: readonly (readonly [string, Value])[]): Step[] {
    const inner = new Map([...scope, ...own]);
    const found = run(code, body, inner, depth);
    for (const name of scope.keys()) {
      const value = inner.get(name);
      if (value !== undefined && !own.some(([mine]) => mine === name)) scope.set(name, value);
    }
    return found;
  }

  /** A loop over a list: its body once for each item, or a report where the list is not known. */
  function repeat(items: Value, parameter: Range | string, body: Range, i: number): void {
    if (items.kind !== "list") {
      const inner = nested(body, []);
      if (inner.length > 0) unread(i, "in a loop over values that only the program knows");
      return;
    }
    for (const item of items.items) steps.push(...nested(body, named(parameter, item)));
  }

  /** Names that a loop gives to an item, or to its parts. */
  function named(parameter: Range | string, item: Value): [string, Value][] {
    if (typeof parameter === "string") return [[parameter, item]];
    const { from, to } = parameter;
    const opener = tokens[from];
    if (opener?.kind === "name") return [[opener.text, item]];
    const names = divide(tokens, { from: from + 1, to: Math.min(opener?.close ?? to, to) }, ",");
    return names.flatMap(({ from: at }, n): [string, Value][] => {
      const name = tokens[at]?.text ?? "";
      const value = item.kind === "list" ? item.items[n] : item.kind === "object" ? item.fields.get(name) : undefined;
      return value === undefined ? [] : [[name, value]];
    });
  }

  /** The block or the one statement at `i`. */
  function blockAt(i: number): { body: Range; end: number } {
    if (word(i) === "{") return { body: { from: i + 1, to: tokens[i]?.close ?? range.to }, end: past(tokens, i) };
    let end = i;
    while (end < range.to && word(end) !== ";" && word(end) !== "}") end = past(tokens, end);
    return { body: { from: i, to: end }, end };
  }

  function loop(i: number): number {
    const open = word(i + 1) === "await" ? i + 2 : i + 1;
    const close = tokens[open]?.close ?? -1;
    if (word(open) !== "(" || close < 0) return i + 1;
    const { body, end } = blockAt(close + 1);
    const head: Range = { from: open + 1, to: close };
    const at = [...Array(close - open - 1).keys()]
      .map((n) => open + 1 + n)
      .find((n) => word(n) === "of" && tokens[n]?.kind === "name");
    if (at === undefined) repeat({ kind: "unknown", source: "" }, "", body, i);
    else repeat(evaluate(tokens, { from: at + 1, to: head.to }, scope, source), { from: open + 2, to: at }, body, i);
    return end;
  }

  /** Where the chain of calls that ends before `dot` begins. */
  function chainStart(dot: number): number {
    let i = dot - 1;
    for (;;) {
      if (tokens[i]?.close !== undefined && (tokens[i]?.close ?? -1) >= 0 && (tokens[i]?.close ?? 0) < i)
        i = tokens[i]?.close ?? i;
      const before = word(i - 1);
      if (before === "." || before === "?.") i -= 2;
      else if (/^[([]$/.test(word(i)) && tokens[i - 1]?.kind === "name" && !/^(?:await|return|of|in)$/.test(before))
        i -= 1;
      else return i;
    }
  }

  /** What follows `.name` where it is a call. Answers where to go on, or undefined when it is nothing of interest. */
  function member(i: number): number | undefined {
    const name = word(i);
    const open = i + 1;
    const close = tokens[open]?.close ?? -1;
    if (tokens[open]?.kind === "template" && RUNS_TEMPLATE.test(name)) {
      runs(evaluate(tokens, { from: open, to: open + 1 }, scope, source), i, []);
      return open + 1;
    }
    if (word(open) !== "(" || close < 0) return undefined;
    const content: Range = { from: open + 1, to: close };
    if (name === "forEach" || name === "map") {
      const made = functionAt(tokens, source.text, content.from);
      if (made === undefined) return undefined;
      const items = evaluate(tokens, { from: chainStart(i - 1), to: i - 1 }, scope, source);
      repeat(items, made.parameters[0] ?? "", made.body, i);
      return close + 1;
    }
    if (word(i - 2) === "this" && functions.has(name)) return helper(i);
    if (RUNS_SQL.test(name) && content.from < content.to) {
      const values = divide(tokens, content, ",").map((part) => evaluate(tokens, part, scope, source));
      const [first] = values;
      // .execute(db) runs what stands before it, which was read there
      if (first !== undefined && (name !== "execute" || first.kind === "text")) runs(first, i, values);
      return close + 1;
    }
    if (!BUILDS.test(name) || !BUILDERS.test(word(i - 2)) || name === "comment") return undefined;
    unread(
      i,
      `${name}(…) is built by the tool's own code: ${shown(source.text.slice(tokens[content.from]?.start, tokens[content.from]?.end))}`,
    );
    return chainEnd(close + 1);
  }

  /** Behind the calls that are chained to what ends at `at`. */
  function chainEnd(at: number): number {
    let i = at;
    while (/^\??\.$/.test(word(i)) && !/^(?:then|raw)$/.test(word(i + 1))) {
      const builds =
        BUILDS.test(word(i + 1)) &&
        /^(?:createTable|alterTable|dropTable|table|createSchema|dropSchema|renameTable)/.test(word(i + 1));
      if (builds) unread(i + 1, `${word(i + 1)}(…) is built by the tool's own code`);
      i = word(i + 2) === "(" ? past(tokens, i + 2) : i + 2;
    }
    return i;
  }

  /** A helper of this file: its body with the arguments' values. */
  function helper(i: number): number | undefined {
    const made = functions.get(word(i));
    const close = tokens[i + 1]?.close ?? -1;
    if (made === undefined || close < 0 || depth >= DEPTH || word(i) === "down") return undefined;
    const values = divide(tokens, { from: i + 2, to: close }, ",").map((part) => evaluate(tokens, part, scope, source));
    const known = made.parameters.flatMap((name, n): [string, Value][] =>
      values[n] === undefined ? [] : [[name, values[n]]],
    );
    steps.push(...run(code, made.body, new Map([...scope, ...known]), depth + 1));
    return close + 1;
  }

  /** const a = 1, b: T = 2, c; answers where to go on. */
  function declaration(i: number): number | undefined {
    let at = i + 1;
    while (tokens[at]?.kind === "name" && at < range.to) {
      const name = word(at);
      let equals = at + 1;
      while (equals < range.to && !/^[=,;]$/.test(word(equals)) && !startsLine(equals)) equals = past(tokens, equals);
      const made = word(equals) === "=" ? functionAt(tokens, source.text, equals + 1) : undefined;
      if (made !== undefined) return made.end;
      let end: number | undefined = equals;
      if (word(equals) === "=")
        end = assign(name, {
          from: equals + 1,
          to: Math.min(expressionEnd(tokens, source.text, equals + 1), range.to),
        });
      else scope.set(name, { kind: "unknown", source: name });
      if (end === undefined) return equals + 1;
      if (word(end) !== ",") return end;
      at = end + 1;
    }
    return at > i + 1 ? at : undefined;
  }

  /** Whether a token begins a line. */
  const startsLine = (i: number): boolean => source.text.slice(tokens[i - 1]?.end, tokens[i]?.start).includes("\n");

  /** Gives a name its value; what can't be known is looked into, for SQL that it runs. */
  function assign(name: string, { from, to }: Range, before?: Value): number | undefined {
    const value = evaluate(tokens, { from, to }, scope, source);
    const texts = before === undefined ? [asText(value)] : [asText(before), asText(value)];
    const sum: Value | undefined = texts.includes(undefined)
      ? undefined
      : { kind: "text", text: concat(texts.filter((text) => text !== undefined)) };
    scope.set(name, before === undefined ? value : (sum ?? { kind: "unknown", source: name }));
    return value.kind === "unknown" ? undefined : to;
  }

  /** name = value, name += value. */
  function assignment(i: number): number | undefined {
    const adds = word(i + 1) === "+" && word(i + 2) === "=";
    const at = adds ? i + 3 : i + 2;
    if ((word(i + 1) !== "=" && !adds) || word(at) === "=" || !scope.has(word(i))) return undefined;
    const end = Math.min(expressionEnd(tokens, source.text, at), range.to);
    return assign(word(i), { from: at, to: end }, adds ? scope.get(word(i)) : undefined);
  }

  for (let i = range.from; i < range.to;) {
    const token = tokens[i];
    if (token === undefined) break;
    const before = word(i - 1);
    const member_ = before === "." || before === "?.";
    let next: number | undefined;
    if (token.kind === "name") {
      if (member_) next = member(i);
      else if (token.text === "for") next = loop(i);
      else if (token.text === "else") {
        const { body, end } = blockAt(i + 1);
        if (word(i + 1) !== "if" && run(code, body, new Map(scope), depth).length > 0)
          unread(i, "in the else branch of a condition that only the program knows");
        next = word(i + 1) === "if" ? i + 1 : end;
      } else if (/^(?:const|let|var)$/.test(token.text)) next = declaration(i);
      else if (token.text === "function") next = functionAt(tokens, source.text, i)?.end;
      else if (tokens[i + 1]?.kind === "template" && /^sql$/.test(token.text)) {
        runs(evaluate(tokens, { from: i, to: i + 2 }, scope, source), i, []);
        next = i + 2;
      } else if (word(i + 1) === "(" && functions.has(token.text)) next = helper(i);
      else next = assignment(i);
    }
    i = next ?? i + 1;
  }
  return steps;
}
