/**
 * Was it a leak? Decided by the keys of rows in the book, never by a guess: a tuple is foreign when tenant B has it and nobody else does. Pure.
 */
import { counted } from "../../words/counted.ts";
import type { Answer, Refusal } from "../wire/session.ts";
import type { BookPage, BookRow } from "../seed/book.ts";
import type { Values } from "../seed/values.ts";
import type { Ruling, Seen } from "./attack.ts";

/** Refusals that say nothing about a defence. */
const unclear = new Set(["57014", "40P01", "40001", "55P03", "08006", "25P02", "53200", "XX000", "57P01", "57P03"]);
/** The statement has no meaning for this relation: such an attempt is dropped. */
const meaningless = new Set(["0A000", "42809", "42601", "55000"]);

/** Whether a refusal leaves open what would have happened. */
export const isUnclear = (code: string): boolean => unclear.has(code);
/** Whether a refusal means that the statement makes no sense here. */
export const isMeaningless = (code: string): boolean => meaningless.has(code);

/** One refusal in a line. */
export const said = (error: Refusal): string => `${error.code} ${error.message}`;

const normal = (value: string | null): string => (value === "t" ? "true" : value === "f" ? "false" : `${value}`);
const tuple = (columns: readonly string[], cell: (column: string, at: number) => string | null): string =>
  JSON.stringify(columns.map((column, at) => normal(cell(column, at))));

/**
 * Rows of tenant B in an answer. Its columns are those of the table, or `place`. Tuples that A or everybody has as well count only when
 * there are more of them than those may have.
 */
export function foreignRows(page: BookPage, answer: Answer): BookRow[] {
  const columns = answer.columns;
  const cellOf = (row: BookRow, column: string): string | null =>
    column === "place" && !row.values.has("place") ? row.place : (row.values.get(column) ?? null);
  const allowed = new Map<string, number>();
  const foreign = new Map<string, BookRow[]>();
  for (const row of page.rows) {
    const key = tuple(columns, (column) => cellOf(row, column));
    if (row.owner === "B" && !row.isPublic) foreign.set(key, [...(foreign.get(key) ?? []), row]);
    else allowed.set(key, (allowed.get(key) ?? 0) + 1);
  }
  const found: BookRow[] = [];
  const seen = new Map<string, number>();
  for (const cells of answer.rows) {
    const key = tuple(columns, (_, at) => cells[at] ?? null);
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    const row = foreign.get(key)?.[times - 1 - (allowed.get(key) ?? 0)];
    if (row) found.push(row);
  }
  return found;
}

/** A row in words: its key. */
export function rowInWords(columns: readonly string[], values: Values): string {
  return columns.map((column) => `${column}=${short(values.get(column) ?? "null")}`).join(" ");
}

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);

/** Texts that only tenant B has. */
export interface Markers {
  /** Those found in a text, without those that the attacker wrote down. */
  in(text: string, written: string): string[];
}

/** Judges an attack that changes rows; `key` names columns to show. */
export function judgeWrite(
  pages: readonly { readonly page: BookPage; readonly key: readonly string[] }[],
  markers: Markers,
  written: string,
): (seen: Seen) => Ruling {
  return ({ answers, changes }) => {
    const told: string[] = [];
    for (const { relation, touched, planted } of changes) {
      const key = pages.find(({ page }) => page.relation === relation)?.key ?? [];
      if (touched.length > 0)
        told.push(
          `${counted(touched.length, "row")} of tenant B in ${relation.name} rewritten or gone: ${rowInWords(key, touched[0]!.values)}`,
        );
      if (planted.length > 0)
        told.push(
          `${counted(planted.length, "row")} planted in tenant B's ${relation.name}: ${rowInWords(key, planted[0]!)}`,
        );
    }
    for (const answer of answers) {
      const main = pages[0];
      const foreign = main && answer.rows.length > 0 && knows(main.page, answer) ? foreignRows(main.page, answer) : [];
      if (foreign.length > 0)
        told.push(
          `returned ${counted(foreign.length, "row")} of tenant B: ${rowInWords(main!.key, foreign[0]!.values)}`,
        );
      told.push(...spoken(answer, markers, written));
    }
    return ruling(told, answers);
  };
}

const knows = (page: BookPage, answer: Answer): boolean =>
  answer.columns.length > 0 &&
  answer.columns.every((name) => page.relation.columns.some((column) => column.name === name));

/** Judges an attack that reads one table. */
export function judgeRead(
  page: BookPage,
  key: readonly string[],
  markers: Markers,
  written: string,
): (seen: Seen) => Ruling {
  return ({ answers }) => {
    const told: string[] = [];
    let own = 0;
    for (const answer of answers) {
      const readable = answer.columns.includes("place") || knows(page, answer);
      const foreign = answer.rows.length > 0 && readable ? foreignRows(page, answer) : [];
      if (readable) own += answer.rows.length - foreign.length;
      if (foreign.length > 0)
        told.push(
          `read ${counted(foreign.length, "row")} of tenant B: ${rowInWords(key.length > 0 ? key : [...foreign[0]!.values.keys()].slice(0, 3), foreign[0]!.values)}`,
        );
      told.push(...spoken(answer, markers, written));
    }
    return ruling(told, answers, `0 rows of tenant B, ${counted(own, "other")}`);
  };
}

/** What an error or a notice tells of B. */
export function spoken({ error, notices }: Answer, markers: Markers, written: string): string[] {
  const texts = [...(error ? [error.message, error.detail] : []), ...notices].join("\n");
  const found = markers.in(texts, written);
  return found.length === 0 ? [] : [`an error or notice shows tenant B's ${short(found[0]!)}: ${short(texts)}`];
}

/** Leaked when anything was told; otherwise the last refusal, or what the statements said. */
export function ruling(told: readonly string[], answers: readonly Answer[], quiet?: string): Ruling {
  if (told.length > 0) return { result: "leaked", evidence: told.join("; ") };
  // behind a first refusal every further statement of the transaction is refused: that says nothing new
  const refused = answers
    .map(({ error }) => error)
    .filter((error) => error !== null)
    .filter((error, at) => at === 0 || error.code !== "25P02");
  const open = refused.find(({ code }) => isUnclear(code));
  if (open) return { result: "error", evidence: said(open) };
  if (refused.length > 0) return { result: "blocked", evidence: said(refused.at(-1)!) };
  const last = answers.at(-1);
  return {
    result: "blocked",
    evidence: quiet ?? `${last?.command ?? ""} ${last?.count ?? 0}, no row of tenant B changed`,
  };
}

/** Texts of B that nobody else has; numbers and short words count only as whole cells. */
export function markersOf(pages: readonly BookPage[], ids: readonly string[], canary: string): Markers {
  const others = new Set<string>();
  const own = new Set<string>(ids);
  for (const { rows } of pages)
    for (const row of rows)
      for (const value of row.values.values()) {
        if (value === null || value.length < 8 || value.length > 200) continue;
        if (row.owner === "B" && !row.isPublic) own.add(value);
        else others.add(value);
      }
  const list = [
    canary,
    ...[...own].filter((value) => !others.has(value) && /[0-9a-z]{4}/i.test(value) && !/^\d{4}-\d\d-\d\d/.test(value)),
  ];
  // the whole value before the canary in it: an id that the attack wrote holds the canary, too
  list.sort((one, other) => other.length - one.length);
  const pattern = new RegExp(
    list.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join("|"),
    "g",
  );
  return {
    in: (text, written) => [...new Set(text.match(pattern) ?? [])].filter((found) => !written.includes(found)),
  };
}
