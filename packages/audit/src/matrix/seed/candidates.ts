/**
 * Values worth trying for a column whose constraints refused the first guess: what the constraint's own text mentions (listed words, bounds,
 * lengths, patterns), its neighbours, and what is usual. Pure; PostgreSQL decides which of them satisfy the constraint.
 */
import type { Column } from "@watertight/schema";
import { digits, withoutSchema } from "./plain-value.ts";
import { sampleLike, samplePattern } from "./sample-pattern.ts";

/** What a constraint's text mentions. */
interface Mentioned {
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
  readonly patterns: readonly string[];
  readonly likes: readonly string[];
}

const literal = /'((?:[^']|'')*)'/g;

function mentioned(expressions: readonly string[]): Mentioned {
  const texts = new Set<string>();
  const numbers = new Set<number>();
  const patterns = new Set<string>();
  const likes = new Set<string>();
  for (const expression of expressions) {
    for (const [, operator, body] of expression.matchAll(/(~~?\*?|LIKE|SIMILAR TO)\)?\s+'((?:[^']|'')*)'/g)) {
      const text = body!.replaceAll("''", "'");
      if (operator!.startsWith("~~") || operator === "LIKE") likes.add(text);
      else patterns.add(text);
    }
    for (const [, body] of expression.matchAll(literal)) {
      const text = body!.replaceAll("''", "'");
      texts.add(text);
      if (/^-?\d+(\.\d+)?$/.test(text)) numbers.add(Number(text));
    }
    for (const [found] of expression.replaceAll(literal, " ").matchAll(/(?<![\w."])-?\d+(\.\d+)?/g))
      numbers.add(Number(found));
  }
  return { texts: [...texts], numbers: [...numbers], patterns: [...patterns], likes: [...likes] };
}

const isText = (type: string): boolean => /^(text|character|citext|name|bpchar|"char")/.test(withoutSchema(type));
const isNumber = (type: string): boolean =>
  /^(smallint|integer|bigint|numeric|real|double precision|oid|money)/.test(type);

function texts(column: Column, guess: string | null, canary: string, hints: Mentioned): string[] {
  const fill = canary;
  const found = hints.texts.filter(
    (text) => text.length < 200 && !hints.patterns.includes(text) && !hints.likes.includes(text),
  );
  // what says whose it is goes before a sample, which is the same for every row
  if (hints.patterns.length > 0) found.push(canary, `${canary}@example.test`, `https://example.test/${canary}`);
  for (const pattern of hints.patterns) found.push(...samplePattern(pattern));
  // a pattern often comes with a length
  for (const like of hints.likes) for (const room of [12, 4, 6, 8, 1]) found.push(sampleLike(like, fill.slice(-room)));
  for (const number of hints.numbers)
    if (number >= 0 && number <= 300)
      for (const length of [number, number - 1, number + 1])
        if (length > 0) found.push(fill.repeat(Math.ceil(length / fill.length)).slice(-length));
  const number = digits(canary, 9);
  const usual = [
    canary.toUpperCase(),
    `${canary}@example.test`,
    `https://example.test/${canary}`,
    number,
    `+1${number}`,
    "US",
    "USD",
    "en",
    "#a1b2c3",
    "a",
    "A",
    "1",
    "UTC",
    "{}",
    `/${canary}`,
    `${canary}.example.test`,
    "",
  ];
  return [...(guess === null ? [] : [guess, guess.toLowerCase(), guess.toUpperCase()]), ...found, ...usual];
}

function numbers(guess: string | null, hints: Mentioned): string[] {
  const found = hints.numbers.flatMap((number) => [number, number + 1, number - 1, number / 2]);
  return [
    ...(guess === null ? [] : [guess]),
    ...found.map(String),
    "1",
    "0",
    "2",
    "10",
    "50",
    "100",
    "0.5",
    "-1",
    "1000",
    "2026",
  ];
}

function fits(type: string, value: string): boolean {
  if (/^(smallint|integer|bigint|oid)$/.test(type))
    return /^-?\d+$/.test(value) && Math.abs(Number(value)) <= (type === "smallint" ? 32_767 : 2_147_483_647);
  if (isNumber(type)) {
    const [, precision, scale] = /\((\d+),(-?\d+)\)/.exec(type) ?? [];
    return precision === undefined || Math.abs(Number(value)) < 10 ** (Number(precision) - Number(scale));
  }
  const room = /^(?:character|character varying|bpchar)\((\d+)\)$/.exec(type)?.[1];
  return room === undefined || value.length <= Number(room);
}

/** Values to try, the likely ones first; null among them where the column may be null. `type` is the type below a domain. */
export function candidatesFor(
  column: Column,
  type: string,
  guess: string | null,
  canary: string,
  expressions: readonly string[],
  most: number,
): (string | null)[] {
  const hints = mentioned(expressions);
  let values: string[];
  if (column.enumLabels && !column.type.endsWith("[]"))
    values = [...(guess === null ? [] : [guess]), ...column.enumLabels];
  else if (isText(type)) values = texts(column, guess, canary, hints);
  else if (isNumber(type)) values = numbers(guess, hints);
  else if (type === "boolean") values = [...(guess === null ? [] : [guess]), "true", "false"];
  else if (/^(date|timestamp)/.test(type)) {
    const dates = hints.texts.filter((text) => /^\d{4}-\d\d-\d\d/.test(text));
    values = [...(guess === null ? [] : [guess]), ...dates, "2026-06-15", "2031-01-01", "2001-01-01", "1990-05-05"];
  } else if (/^jsonb?$/.test(type)) {
    const keys = hints.texts.filter(
      (text) => /^\w+$/.test(text) && !["object", "array", "string", "number", "boolean"].includes(text),
    );
    const whole = Object.fromEntries(keys.map((key) => [key, canary]));
    values = [
      ...(guess === null ? [] : [guess]),
      JSON.stringify(whole),
      "{}",
      "[]",
      JSON.stringify([canary]),
      `"${canary}"`,
      "1",
      "true",
    ];
  } else if (type.endsWith("[]")) {
    const words = hints.texts.filter((text) => /^[\w.-]+$/.test(text));
    values = [...(guess === null ? [] : [guess]), "{}", ...words.map((word) => `{${word}}`)];
  } else if (type.startsWith("interval")) values = [guess ?? "1 day", "1 day", "1 hour", "30 days", "0"];
  else values = guess === null ? [] : [guess];
  const kept = [...new Set(values.filter((value) => fits(type, value)))].slice(0, most);
  return column.notNull ? kept : [...kept.slice(0, Math.max(1, most - 1)), null];
}
