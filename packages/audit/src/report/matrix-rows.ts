/**
 * The matrix as rows of words, for every report that shows it.
 */
import { type Cell, type MatrixColumn, matrixColumns } from "../matrix/matrix.ts";
import type { Verdict } from "../rules/rule.ts";
import type { Report } from "./report.ts";

/** One table's row. */
export interface MatrixRow {
  readonly table: string;
  readonly cells: readonly {
    readonly column: MatrixColumn;
    readonly verdict: Verdict;
    readonly reason: string | null;
  }[];
}

/** A letter or word for each verdict; the legend explains them. */
export const marks: Readonly<Record<Verdict, string>> = {
  BLOCKED: "B",
  LEAK: "LEAK",
  UNVERIFIED: "?",
  UNRELIABLE: "~",
  EXEMPT: "e",
  "N/A": "-",
};

/** What the marks mean. */
export const legend =
  "B blocked when attacked   LEAK shown with rows   ? unverified   ~ could not be seeded   e shared by all   - not applicable";

/** What the columns mean whose names do not say it. */
export const columnLegend =
  "reassign a row moved to another tenant   fk-probe, unique-probe a key that tells what another tenant has   side-door through a view, function, trigger or partition";

/** Rows by table, tables with leaks first. */
export function matrixRows(report: Report): MatrixRow[] {
  const tables = new Map<string, Cell[]>();
  for (const cell of report.matrix.cells) {
    const name = cell.table.schema === "public" ? cell.table.name : `${cell.table.schema}.${cell.table.name}`;
    tables.set(name, [...(tables.get(name) ?? []), cell]);
  }
  const leaks = (row: MatrixRow): number => row.cells.filter(({ verdict }) => verdict === "LEAK").length;
  return [...tables]
    .map(([table, cells]) => ({
      table,
      cells: matrixColumns.map((column) => {
        const cell = cells.find((each) => each.column === column);
        return { column, verdict: cell?.verdict ?? ("N/A" as const), reason: cell?.reason ?? null };
      }),
    }))
    .sort((a, b) => leaks(b) - leaks(a) || (a.table < b.table ? -1 : 1));
}
