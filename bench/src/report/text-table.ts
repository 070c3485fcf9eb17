/**
 * Tables for people, in a terminal and in Markdown. Pure.
 */

/** A table: heads, then rows; numbers are right-aligned by the caller's choice of columns. */
export interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns from this one on are right-aligned. */
  readonly rightFrom: number;
}

/** For a terminal. */
export function terminalTable({ heads, rows, rightFrom }: Table): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i >= rightFrom ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [line(heads), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

/** For Markdown. */
export function markdownTable({ heads, rows, rightFrom }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map((_, i) => (i >= rightFrom ? "---:" : "---"))), ...rows.map(line)].join("\n");
}
