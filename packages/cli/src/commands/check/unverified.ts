/**
 * `watertight explain --unverified`: what the last check could not decide, a reason once with all that it left open. Pure but for printing.
 */
import type { Report } from "@watertight/audit";
import { counted, harmless, type Printer } from "../../output/printer.ts";

type Undecided = Pick<Report["matrix"]["cells"][number], "column" | "verdict" | "reason"> & { readonly table: string };

/** Cells with the same reason. */
export interface UndecidedGroup {
  readonly verdict: Undecided["verdict"];
  readonly reason: string;
  readonly cells: number;
  /** By schema.name: the columns of the matrix that are open. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
}

/** The cells that nobody could decide. */
export function undecidedCells({ matrix }: Report): Undecided[] {
  return matrix.cells
    .filter(({ verdict }) => verdict === "UNVERIFIED" || verdict === "UNRELIABLE")
    .map(({ table, column, verdict, reason }) => ({ table: `${table.schema}.${table.name}`, column, verdict, reason }));
}

/** The same by reason, the most frequent first. */
export function byReason(cells: readonly Undecided[]): UndecidedGroup[] {
  const groups = new Map<string, Undecided[]>();
  for (const cell of cells) {
    const key = `${cell.verdict} ${cell.reason ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()]
    .map((own) => {
      const tables = new Map<string, string[]>();
      for (const { table, column } of own) tables.set(table, [...(tables.get(table) ?? []), column]);
      const { verdict, reason } = own[0]!;
      return { verdict, reason: reason ?? "no reason was kept", cells: own.length, tables: Object.fromEntries(tables) };
    })
    .sort((a, b) => b.cells - a.cells);
}

/** Prints the groups. */
export function printUndecided(print: Printer, groups: readonly UndecidedGroup[]): void {
  if (groups.length === 0) return print.line("Every cell of the last check was decided.");
  for (const { verdict, reason, cells, tables } of groups) {
    const names = Object.entries(tables);
    print.line(
      `${print.colour("bold", `${counted(cells, "cell")} of ${counted(names.length, "table")} ${verdict}`)}: ${harmless(reason)}`,
    );
    for (const [table, columns] of names) print.line(`    ${harmless(table)}: ${columns.join(", ")}`);
  }
}
