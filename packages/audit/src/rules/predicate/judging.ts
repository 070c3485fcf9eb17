/**
 * What judging knows beside the terms: whose the rows of a sub-select may be, and what a value of several parts hangs on. Must never place a row
 * that nobody looked into.
 */
import { type Comparing, isTenantColumn } from "./compare.ts";
import { dependence } from "./depend.ts";
import { and, atom, type Formula, not, or, yes } from "./formula.ts";
import { printTerm } from "./print.ts";
import type { RowVariable, Term } from "./term.ts";
import {
  either,
  isFalse,
  isForeign,
  isTrue,
  own,
  type PlacedCell,
  type Placement,
  type Situation,
  type Truth,
  type Value,
} from "./world.ts";

/** What judging needs beside the catalog. */
export interface Judging extends Comparing {
  /** Whose the rows of a relation in a sub-select may be, and when such a row is visible to the reader. */
  worlds(row: RowVariable, at: Situation): readonly { readonly placement: Placement; readonly visible: Formula }[];
  /** Whether role `one` has the rights of role `other`. */
  isMember(one: string, other: string): boolean;
}

/** Every combination of whose the rows are, and when such rows are seen. */
export function placesOf(
  to: Judging,
  rows: readonly RowVariable[],
  at: Situation,
): { at: Situation; visible: Formula }[] {
  return rows.reduce<{ at: Situation; visible: Formula }[]>(
    (places, row) =>
      places.flatMap((place) =>
        to.worlds(row, place.at).map(({ placement, visible }) => ({
          at: { ...place.at, placements: new Map([...place.at.placements, [row, placement]]) },
          visible: and(place.visible, visible),
        })),
      ),
    [{ at, visible: yes }],
  );
}

/** A cell where it stands. */
export const place = ({ row, column }: Pick<PlacedCell, "row" | "column">, at: Situation): PlacedCell => ({
  row,
  column,
  placement: at.placements.get(row) ?? own,
});

/** A value made from several parts. */
export function mixed(term: Term, at: Situation): Value {
  const { cells, sources, known, lossy } = dependence(term);
  const text = printTerm(term);
  return {
    kind: "mixed",
    text,
    cells: cells.map((cell) => place(cell, at)),
    sources,
    // a row of a sub-select that was not looked into may be anybody's
    known: known && cells.every(({ row }) => at.placements.has(row)),
    lossy,
    list: /string_to_array|regexp_split_to_array|string_to_table/.test(text),
  };
}

/** Whether a value is null. `text` is the test as written. */
export function isNullValue(to: Judging, value: Value, text: string, at: Situation): Truth {
  if (value.kind === "null") return isTrue;
  if (value.kind === "cell") {
    const column = value.row.relation?.columns.find(({ name }) => name === value.column);
    if (column?.notNull === true) return isFalse;
    const judged = value.row === at.judged;
    // the tenant column of a row that is another's holds the other: only a row of nobody has none
    if (judged && isForeign(value) && isTenantColumn(to, value)) return { t: atom(text, "no tenant"), f: yes };
    const found = atom(text, judged ? "row" : "person row");
    return { t: found, f: not(found) };
  }
  if (value.kind === "truth")
    return { t: and(not(value.truth.t), not(value.truth.f)), f: or(value.truth.t, value.truth.f) };
  if (value.kind === "mixed" && value.cells.length > 0) {
    const found = atom(text, value.known ? "row" : "unknown");
    return { t: found, f: not(found) };
  }
  return value.kind === "mixed" && !value.known ? either : isFalse;
}
