// The result as a table for people: at most 118 columns, every verdict a word before it is a colour. Pure: the colours are handed in.
import { models } from "../fleet/models.ts";
import type { Encounter } from "../fleet/play.ts";
import type { Outcome } from "../intruder/intruder.ts";
import type { Result, ResultRow } from "./result.ts";

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
}

const WIDTHS = [39, 4, 22, 12, 12, 12, 11] as const;
const RULE = WIDTHS.reduce<number>((sum, width) => sum + width + 1, -1);
const PAIR = 22;
const VERDICT = 19;
const number = (value: number): string => value.toLocaleString("en-US");
const plural = (count: number, what: string): string => `${number(count)} ${what}${count === 1 ? "" : "s"}`;

/** What came out of an attempt, in a few words. */
function damage(outcome: Outcome): string {
  if (!outcome.leaked) return "nothing";
  if (outcome.foreignRows > 0) return `LEAK ${plural(outcome.foreignRows, "row")} read`;
  if (outcome.changedRows > 0) return `LEAK ${plural(outcome.changedRows, "row")} changed`;
  if (outcome.crossLinks > 0) return `LEAK ${plural(outcome.crossLinks, "row")} linked`;
  return outcome.told ? "LEAK existence told" : "LEAK let in";
}

/** The layer that stopped it; a plus: more than one did. */
function stoppedBy(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "";
  if (outcome.leaked) return "LEAK";
  const [first, ...more] = new Set(outcome.stops.map(({ layer }) => layer));
  return first === undefined ? "unexplained" : `${first}${more.length > 0 ? "+" : ""}`;
}

type Line = (cells: readonly string[], paints?: readonly ((text: string) => string)[]) => string;

const line: Line = (cells, paints = []) =>
  cells
    .map((cell, i) => (paints[i] ?? String)(i === cells.length - 1 ? cell : cell.padEnd(WIDTHS[i]!)))
    .join(" ")
    .trimEnd();

export function renderTable(result: Result, paint: Paint): string {
  const rule = paint.dim("─".repeat(RULE));
  return [
    "",
    paint.bold(line(["What a user of tenant A tried on B", "hole", "holes open (pool)", ...models])),
    paint.dim(line(["", "", "", "what stopped it, where both live in the same model"])),
    rule,
    ...result.attempts.map((row) => renderRow(row, paint)),
    rule,
    paint.bold(`${"From model -> to".padEnd(PAIR)}${"as shipped".padEnd(VERDICT)}stopped by`),
    ...result.encounters.map((encounter) => renderEncounter(encounter, paint)),
    rule,
    ...summary(result, paint),
    "",
  ].join("\n");
}

function renderRow(row: ResultRow, paint: Paint): string {
  const { open, shipped } = row;
  const opened = open === undefined ? "" : open.leaked ? damage(open) : "no leak (!)";
  const cells = [
    row.title,
    [...new Set(row.holes.map((hole) => hole.vector))].join("+"),
    opened,
    ...models.map((model) => stoppedBy(shipped[model])),
  ];
  const paints = models.map((model) => (shipped[model]?.leaked ? paint.red : paint.green));
  return line(cells, [String, paint.dim, open?.leaked ? paint.red : paint.bold, ...paints]);
}

function renderEncounter({ attacker, victim, outcomes }: Encounter, paint: Paint): string {
  const leaked = outcomes.filter((outcome) => outcome.leaked);
  const layers = countLayers(outcomes.filter((outcome) => !outcome.leaked));
  const verdict =
    leaked.length === 0 ? `${outcomes.length} of ${outcomes.length} stopped` : `${leaked.length} LEAKED (!)`;
  const colour = leaked.length === 0 ? paint.green : paint.red;
  return `${`${attacker} -> ${victim}`.padEnd(PAIR)}${colour(verdict.padEnd(VERDICT))}${layers}`;
}

/** `policy 17, application 7, …`: attempts that each layer stopped, by the first that did. */
function countLayers(outcomes: readonly Outcome[]): string {
  const layers = new Map<string, number>();
  for (const { stops } of outcomes) {
    const layer = stops[0]?.layer ?? "unexplained";
    layers.set(layer, (layers.get(layer) ?? 0) + 1);
  }
  return [...layers]
    .toSorted((a, b) => b[1] - a[1])
    .map(([layer, times]) => `${layer} ${times}`)
    .join(", ");
}

function summary(result: Result, paint: Paint): string[] {
  const opened = result.attempts.filter(({ open }) => open !== undefined).length;
  const all = result.encounters.flatMap(({ outcomes }) => outcomes);
  const stopped = all.filter(({ leaked }) => !leaked);
  const { failed, steps, foreignRowsOpen } = result.honest;
  const honest = `${steps} honest requests of two tenants of each model ${failed.length === 0 ? "all succeeded" : `FAILED: ${failed.join("; ")}`}`;
  const verdict = result.ok
    ? paint.green("OK: every hole leaks when open; as shipped nothing leaks, in no model and not from one to another.")
    : paint.red("NOT OK: see the rows marked (!), the leaks as shipped and the failed requests.");
  const population = models.map((model) => `${result.population[model]} ${model}`).join(", ");
  return [
    `Holes open: ${paint.bold(`${result.leakedOpen} of ${opened} leaked`)}, and honest users were shown ${number(foreignRowsOpen)} foreign rows without asking for them.`,
    `As shipped: ${paint.bold(`${stopped.length} of ${all.length} stopped`)}, by ${countLayers(stopped)}.`,
    `            ${honest}.`,
    `Recorded by the databases themselves: ${recorded(result)}.`,
    `${number(result.rows)} rows, ${result.tenants} tenants (${population}), PostgreSQL ${result.postgres}, ${result.seconds.toFixed(1)} s.`,
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
