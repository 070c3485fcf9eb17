/**
 * What was checked and how, in words: migrations that were replayed and attacked, or a live database that was only read. Must never let a check that
 * left something out look like one that found nothing. Pure.
 */
import { counted } from "../words/counted.ts";
import { nothingDecided } from "./order.ts";
import type { Report } from "./report.ts";

/** What was checked: "db/migrations (sql, 12 migrations)". */
export function groundText({ source, live, server }: Report): string {
  const what =
    live === undefined
      ? `${source.folder} (${source.kind}, ${counted(source.migrations, "migration")})`
      : `database ${source.folder} (live, read as ${live.role})`;
  return `${what} on PostgreSQL ${[server.version, ...(server.also ?? [])].join(" and ")}`;
}

/** What was done: statements, seeds, attacks; of a live database, what was asked of it. */
export function workText({ statements, matrix, live }: Report): string {
  if (live !== undefined)
    return `catalog read at one moment, ${counted(live.probes.length, "question")} to the server in transactions that rolled back, nothing attacked`;
  const seeded = matrix.seeded.filter(({ problem }) => problem === null).length;
  return `${statements.ran} of ${counted(statements.read, "statement")} ran, ${seeded}/${counted(matrix.seeded.length, "table")} seeded for two tenants, ${counted(matrix.attempts, "attack")} over ${counted(matrix.connections, "connection")}`;
}

/** What was left out, a sentence each. Replayed statements that failed have a list of their own. */
export function leftOut(report: Report): string[] {
  const { matrix, live } = report;
  const notes = matrix.cells.length > 0 ? [] : matrix.notes.filter(({ vector }) => vector === "");
  const nothing = nothingDecided(report);
  return [
    ...(nothing === null ? [] : [nothing]),
    ...notes.map(({ text }) => text),
    ...(live === undefined || live.rulesNotRun.length === 0
      ? []
      : [`Not run, because they need the statements of migrations: rules ${live.rulesNotRun.join(", ")}.`]),
    ...(live?.unreadable ?? []).map(({ what, why }) => `Not read: ${what} (${why}).`),
    ...(live?.probes ?? []).flatMap(({ cve, verdict, evidence }) =>
      verdict === "could not tell" ? [`${cve}: could not tell (${evidence}).`] : [],
    ),
  ];
}
