// The result as a table for people: at most 118 columns, every verdict a word before it is a colour. Pure: the colours are handed in.
import type { Outcome } from "../intruder/intruder.ts";
import type { Result, ResultRow } from "./result.ts";

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
}

const WIDTHS = [40, 4, 22, 15, 20] as const;
const number = (value: number): string => value.toLocaleString("en-US");
const plural = (count: number, what: string): string => `${number(count)} ${what}${count === 1 ? "" : "s"}`;

/** What came out of an attempt, in a few words. */
function damage(outcome: Outcome): string {
  if (!outcome.leaked) return "nothing";
  if (outcome.foreignRows > 0) return `LEAK ${plural(outcome.foreignRows, "row")} read`;
  if (outcome.changedRows > 0) return `LEAK ${plural(outcome.changedRows, "row")} changed`;
  if (outcome.crossLinks > 0) return `LEAK ${plural(outcome.crossLinks, "row")} linked`;
  return "LEAK existence told";
}

function stoppedBy(outcome: Outcome): string {
  return outcome.leaked ? "nothing" : byLayer(outcome) || "unexplained";
}

function byLayer(outcome: Outcome): string {
  const layers = new Map<string, string[]>();
  for (const { layer, evidence } of outcome.stops) layers.set(layer, [...(layers.get(layer) ?? []), evidence]);
  return [...layers].map(([layer, evidence]) => `${layer}: ${evidence.join(", ")}`).join("; ");
}

/** What the shipped system answered: a refusal, or success with nothing foreign in it. */
function answer(outcome: Outcome): string {
  const refusal = outcome.statuses.find((status) => status >= 400);
  return refusal === undefined ? "nothing foreign" : `refused ${refusal}`;
}

export function renderTable(result: Result, paint: Paint): string {
  const widest = Math.max(...result.attempts.map((row) => stoppedBy(row.shipped).length), WIDTHS[4]);
  const line = (cells: readonly string[], paints: readonly ((text: string) => string)[] = []): string =>
    cells
      .map((cell, i) => (paints[i] ?? String)(i === cells.length - 1 ? cell : cell.padEnd(WIDTHS[i]!)))
      .join(" ")
      .trimEnd();
  const rule = paint.dim("─".repeat(Math.min(118, WIDTHS.slice(0, 4).reduce<number>((a, b) => a + b + 1, 0) + widest)));
  const body = result.attempts.map((row) => renderRow(row, line, paint));
  return [
    "",
    paint.bold(line(["What a user of tenant A tried on B", "hole", "holes open", "as shipped", "stopped by"])),
    rule,
    ...body,
    rule,
    ...summary(result, paint),
    "",
  ].join("\n");
}

function renderRow(
  row: ResultRow,
  line: (cells: readonly string[], paints: readonly ((text: string) => string)[]) => string,
  paint: Paint,
): string {
  const leaky = row.open.leaked ? paint.red : paint.bold;
  const tight = row.shipped.leaked ? paint.red : paint.green;
  const cells = [
    row.title,
    [...new Set(row.holes.map((hole) => hole.vector))].join("+"),
    row.open.leaked ? damage(row.open) : "no leak (!)",
    row.shipped.leaked ? damage(row.shipped) : answer(row.shipped),
    stoppedBy(row.shipped),
  ];
  return line(cells, [String, paint.dim, leaky, tight]);
}

function summary(result: Result, paint: Paint): string[] {
  const count = result.attempts.length;
  const layers = new Map<string, number>();
  for (const row of result.attempts) {
    for (const layer of new Set(row.shipped.stops.map((stop) => stop.layer)))
      layers.set(layer, (layers.get(layer) ?? 0) + 1);
  }
  const stops = [...layers]
    .toSorted((a, b) => b[1] - a[1])
    .map(([layer, times]) => `${layer} ${times}`)
    .join(", ");
  const events = recorded(result);
  const honest = `${result.honest.steps} honest requests of both tenants ${result.honest.failed.length === 0 ? "all succeeded" : `FAILED: ${result.honest.failed.join("; ")}`}`;
  const verdict = result.ok
    ? paint.green("OK: every hole leaks when open, nothing leaks as shipped.")
    : paint.red("NOT OK: see the rows marked (!), the leaks as shipped and the failed requests.");
  return [
    `Holes open: ${paint.bold(`${result.leakedOpen} of ${count} leaked`)}, and honest users were shown ${number(result.honest.foreignRowsOpen)} foreign rows without asking for them.`,
    `As shipped: ${paint.bold(`${count - result.leakedShipped} of ${count} stopped`)}, by ${stops}.`,
    `            ${honest}.`,
    `Recorded by the database itself: ${events}.`,
    `${number(result.rows)} rows, ${result.tenants} tenants, PostgreSQL ${result.postgres}, ${result.seconds.toFixed(1)} s.`,
    verdict,
  ];
}

/** `6 cross_tenant_probe (invoices 5, attachments 1), …` */
function recorded(result: Result): string {
  const kinds = new Map<string, { count: number; relations: string[] }>();
  for (const { kind, relation, count } of result.events) {
    const entry = kinds.get(kind) ?? { count: 0, relations: [] };
    entry.count += count;
    if (relation !== null) entry.relations.push(`${relation.replaceAll('"', "").replace("harbour.", "")} ${count}`);
    kinds.set(kind, entry);
  }
  const texts = [...kinds].map(([kind, { count, relations }]) => `${count} ${kind} (${relations.join(", ")})`);
  return texts.length === 0 ? "nothing" : texts.join(", ");
}
