/**
 * A plan for people: what runs where, with its locks. Pure. Must never print how a target is reached.
 */
import type { MigrationPlan, PlannedFile } from "./plan-migrations.ts";

/** Rows as columns of equal width. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const locksText = ({ locks, alone }: PlannedFile): string =>
  [
    ...locks.map(({ table, mode, work }) => `${table}: ${mode}${work === "" ? "" : `, ${work}`}`),
    ...(alone > 0 ? [`${alone} outside of a transaction`] : []),
  ].join("; ") || "none";

/** Milliseconds as a person says them. */
function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 90_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

/** The plan as a table. */
export function planText(plan: MigrationPlan): string {
  const { targets, current, behind, problems, estimateMs } = plan.totals;
  const lines = [
    `Release ${plan.release}: ${behind} of ${targets} targets behind, ${current} current${problems === 0 ? "" : `, ${problems} not readable`}.`,
  ];
  if (plan.files.length > 0)
    lines.push(
      "",
      columns([
        ["migration", "targets", "each", "locks"],
        ...plan.files.map((file) => [
          file.name,
          String(file.targets),
          `${duration(file.estimateMs)}${file.measured ? "" : " (guess)"}`,
          locksText(file),
        ]),
      ]),
      "",
      `About ${duration(estimateMs)} in all.`,
    );
  const broken = plan.targets.filter(({ problem }) => problem !== null);
  for (const { target, problem } of broken.slice(0, 10)) lines.push(`${target}: ${problem!.message}`);
  if (broken.length > 10) lines.push(`and ${broken.length - 10} more`);
  return lines.join("\n");
}
