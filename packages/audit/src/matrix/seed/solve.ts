/**
 * Finds values that satisfy a table's check constraints and domains: PostgreSQL evaluates the constraints' own expressions over a product of
 * candidates, so nothing here has to understand them. Must never change a row.
 */
import { type Column, quoteName, quoteText, type Relation } from "@watertight/schema";
import type { Session } from "../wire/session.ts";
import { candidatesFor } from "./candidates.ts";
import type { Values } from "./values.ts";

/** A check of a table: the expression alone, and the columns that it reads. */
export interface Check {
  readonly expression: string;
  readonly columns: readonly string[];
}

/** Checks of a domain, which speak of VALUE, and the type below it. */
export interface DomainFacts {
  readonly type: string;
  readonly checks: readonly string[];
}

// A product larger than this takes longer than the whole seed may.
const mostCombinations = 20_000;

interface Unknown {
  readonly column: Column;
  readonly type: string;
  readonly candidates: readonly (string | null)[];
}

function rowsOf({ column, type, candidates }: Unknown, place: number): string {
  const rows = candidates.map((value, order) => `(${value === null ? "null" : quoteText(value)}::${type}, ${order})`);
  return `(values ${rows.join(", ")}) c${place}(${quoteName(column.name)}, o${place})`;
}

function query(
  unknowns: readonly Unknown[],
  checks: readonly Check[],
  domains: ReadonlyMap<string, DomainFacts>,
  many: number,
): string {
  const names = unknowns.map(({ column }) => quoteName(column.name));
  const tests = checks.map(({ expression }) => `(${expression}) is not false`);
  for (const { column } of unknowns)
    for (const check of domains.get(column.name)?.checks ?? [])
      tests.push(`(select (${check}) is not false from (select x.${quoteName(column.name)} as value) d)`);
  const order = unknowns.map((_, place) => `o${place}`).join(" + ");
  return `select ${names.map((name) => `${name}::text`).join(", ")} from (select ${names.join(", ")}, ${order} as o from ${unknowns
    .map(rowsOf)
    .join(" cross join ")}) x where ${tests.length === 0 ? "true" : tests.join(" and ")} order by o limit ${many}`;
}

// Columns that no check reads together are solved apart: the products stay small, and each column gets many candidates.
function groupsOf(columns: readonly Column[], checks: readonly Check[]): Column[][] {
  const groups: Column[][] = [];
  const left = new Set(columns);
  while (left.size > 0) {
    const [first] = left;
    const group = new Set([first!]);
    for (const column of group)
      for (const check of checks)
        if (check.columns.includes(column.name))
          for (const other of left) if (check.columns.includes(other.name)) group.add(other);
    for (const column of group) left.delete(column);
    groups.push([...group]);
  }
  return groups;
}

/**
 * Sets of values for the columns that the checks read, the likeliest first; columns in `fixed` keep their value. Empty when nothing was found.
 * The session may be inside a transaction: a savepoint keeps an error away from it.
 */
export async function solveChecks(
  admin: Session,
  relation: Relation,
  guess: Values,
  fixed: ReadonlySet<string>,
  checks: readonly Check[],
  domains: ReadonlyMap<string, DomainFacts>,
  canary: string,
  many: number,
): Promise<Values[]> {
  const read = new Set([...checks.flatMap(({ columns }) => columns), ...domains.keys()]);
  const wanted = relation.columns.filter((column) => read.has(column.name) && column.generated === null);
  const parts: Values[][] = [];
  for (const group of groupsOf(wanted, checks)) {
    const names = new Set(group.map(({ name }) => name));
    const free = group.filter(({ name }) => !fixed.has(name)).length;
    const most = Math.max(2, Math.min(60, Math.floor(mostCombinations ** (1 / Math.max(free, 1)))));
    const unknowns = group.map((column): Unknown => {
      const type = column.typeKind === "d" ? (domains.get(column.name)?.type ?? column.baseType) : column.type;
      const value = guess.get(column.name) ?? null;
      if (fixed.has(column.name)) return { column, type, candidates: [value] };
      const texts = [
        ...checks.filter(({ columns }) => columns.includes(column.name)).map(({ expression }) => expression),
        ...(domains.get(column.name)?.checks ?? []),
      ];
      const candidates = candidatesFor(column, type, value, canary, texts, most);
      return { column, type, candidates: candidates.length === 0 ? [null] : candidates };
    });
    const own = checks.filter(({ columns }) => columns.some((column) => names.has(column)));
    const [, answer, , after] = await admin.run([
      "savepoint solve",
      query(unknowns, own, domains, many),
      "rollback to savepoint solve",
      "release savepoint solve",
    ]);
    // one part without an answer: the others may still be what was wrong
    if (answer!.error || after!.error || answer!.rows.length === 0) continue;
    parts.push(answer!.rows.map((row) => new Map(group.map(({ name }, at) => [name, row[at] ?? null]))));
  }
  const longest = Math.max(0, ...parts.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => new Map(parts.flatMap((part) => [...part[at % part.length]!])));
}
