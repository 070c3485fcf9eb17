/**
 * What a term is made from: rows, sources of the session, and whether on the way different inputs can become equal. Must never say `known`
 * of a function whose body it has not seen, unless it is one of PostgreSQL's own.
 */
import { below, platformSource, type RawSource, settingSource, sourceKey } from "../../understand/meaning/source.ts";
import { children, type Term } from "./term.ts";
import type { Dependence } from "./world.ts";

/** The source that a term is, or null. */
export function sourceOf(term: Term): RawSource | null {
  switch (term.kind) {
    case "keyword":
      return /^(current_user|session_user|user|current_role)$/.test(term.name) ? { kind: "role" } : null;
    case "call": {
      const own = term.args.length === 0 ? platformSource(term.schema ?? undefined, term.name) : undefined;
      if (own !== undefined) return own;
      if (term.routine !== null || term.name !== "current_setting") return null;
      const name = constantText(term.args[0]);
      if (name === null) return { kind: "setting", setting: "?" };
      return name === "role" ? { kind: "role" } : settingSource(name);
    }
    case "cast":
      return sourceOf(term.term);
    case "nullif":
      return sourceOf(term.left);
    case "operator": {
      const source = sourceOf(term.left);
      const key = constantText(term.right);
      if (source === null || key === null || term.schema !== null) return null;
      if (term.name === "->" || term.name === "->>") return below(source, key) ?? null;
      if (term.name !== "#>" && term.name !== "#>>") return null;
      const path = key.replaceAll(/[{}"]/g, "").split(",");
      return path.reduce<RawSource | null>(
        (at, step) => (at === null ? null : (below(at, step.trim()) ?? null)),
        source,
      );
    }
    default:
      return null;
  }
}

/** The text of a constant, below casts. */
export function constantText(term: Term | undefined): string | null {
  if (term === undefined) return null;
  if (term.kind === "cast") return constantText(term.term);
  return term.kind === "constant" && term.value !== null ? String(term.value) : null;
}

// Functions that can make two different ids equal. Others of PostgreSQL's own do not, or not in a way that matters here.
const lossyFunctions =
  /^(lower|upper|initcap|left|right|substr|substring|split_part|regexp_\w+|translate|replace|overlay|trim|btrim|ltrim|rtrim|round|trunc|floor|ceil|ceiling|mod|div|abs|sign|hash\w+|length|char_length|octet_length|ascii|soundex|metaphone|dmetaphone|levenshtein|similarity|unaccent|date_trunc|crc32|greatest|least|strpos|position|starts_with)$/;
const lossyOperators = new Set(["%", "/", "&", "|", "#", ">>", "<<", "*", "~~", "~~*", "~", "~*", "||"]);

// Aggregates give back one of their inputs.
const aggregates = new Set(["min", "max", "array_agg", "any_value", "unnest", "json_agg", "jsonb_agg"]);

/** The argument that an aggregate gives back. */
export function aggregated(term: Term): Term | null {
  return term.kind === "call" && term.routine === null && aggregates.has(term.name) ? (term.args[0] ?? null) : null;
}

/** Whether the function of PostgreSQL can make different inputs equal. A uuid has one case and no blanks around it, a number neither. */
export function isLossyCall(term: Term): boolean {
  if (term.kind !== "call" || term.routine !== null || !lossyFunctions.test(term.name)) return false;
  return !(/^(lower|upper|trim|btrim|ltrim|rtrim)$/.test(term.name) && plainIds.test(innermostType(term.args[0])));
}

const plainIds = /^(uuid|smallint|integer|bigint)$/;

function innermostType(term: Term | undefined): string {
  return term?.kind === "cast" ? innermostType(term.term) : term === undefined ? "" : typeOf(term);
}

const integers = ["smallint", "integer", "bigint", "numeric"];
const texts = ["text", "character varying", "varchar", "name", "uuid"];

/** Whether a cast from one type to another can make different values equal. */
export function isLossyCast(from: string, to: string): boolean {
  const target = to.replace(/^pg_catalog\./, "");
  if (/^(character|char|bpchar|character varying|varchar|numeric|bit)\b.*\(\d/.test(target)) return true;
  if (/^(character|char|bpchar|real|double precision|money|date)$/.test(target) && from !== target) return true;
  if (/(^|\.)citext$/.test(target)) return true;
  if (integers.includes(target))
    return /^(numeric|real|double precision|money)/.test(from) && !target.startsWith("numeric");
  return target === "boolean" || (target === "name" && from !== "name" && texts.includes(from));
}

/** What a term is made from. */
export function dependence(term: Term, depth: number = 0): Dependence {
  if (term.kind === "column")
    return { cells: [{ row: term.row, column: term.column }], sources: [], known: true, lossy: false };
  const source = sourceOf(term);
  if (source !== null) return { cells: [], sources: [source], known: true, lossy: false };
  const body = term.kind === "call" && depth < 6 ? term.body() : null;
  const parts = body === null ? children(term, false) : [body];
  const all = parts.map((part) => dependence(part, depth + 1));
  const cells = all.flatMap((each) => each.cells);
  const unread = term.kind === "opaque" || (term.kind === "call" && term.routine !== null && body === null);
  const lossyHere =
    isLossyCall(term) ||
    (term.kind === "operator" && lossyOperators.has(term.name)) ||
    (term.kind === "cast" && cells.length > 0 && isLossyCast(typeOf(term.term), term.type));
  return {
    cells,
    sources: unique(all.flatMap((each) => each.sources)),
    known: !unread && all.every((each) => each.known),
    lossy: lossyHere || all.some((each) => each.lossy),
  };
}

/** The type of a column or cast; "" for anything else. */
export function typeOf(term: Term): string {
  if (term.kind === "cast") return term.type;
  if (term.kind !== "column") return "";
  return term.row.relation?.columns.find(({ name }) => name === term.column)?.type ?? "";
}

function unique(sources: readonly RawSource[]): RawSource[] {
  return [...new Map(sources.map((source) => [sourceKey(source), source])).values()];
}
