/**
 * From outcomes to the matrix: one verdict for each table and column. One leak makes the cell a leak; a block counts only with its proof. Pure.
 */
import type { QualifiedName } from "@watertight/schema";
import type { Verdict } from "../rules/rule.ts";
import { dotted } from "../understand/schema/graph.ts";
import type { TenantTable } from "../understand/understanding.ts";
import type { Attempt, Cell, MatrixColumn } from "./matrix.ts";

/** What is known about a table beside its attempts. */
export interface TableState {
  readonly table: TenantTable;
  /** Why it has no rows of both tenants. */
  readonly unseeded: string | null;
  /** Attacks for which there was no time, by column. */
  readonly missed: ReadonlyMap<MatrixColumn, number>;
  /** Why there was none. */
  readonly over: string | null;
  /** A does not see its own rows although policies and rights are there: the context may be misunderstood. */
  readonly blind: boolean;
  /** Why its policies may answer otherwise elsewhere. */
  readonly opaque: string | null;
  /** Every row of B is declared public. */
  readonly allPublic: boolean;
}

const nothingToTry: Readonly<Record<MatrixColumn, string>> = {
  read: "nothing could be tried",
  insert: "a new tenant is nobody else's row",
  update: "nothing could be tried",
  reassign: "the rows are the tenants themselves",
  delete: "nothing could be tried",
  truncate: "nothing could be tried",
  "fk-probe": "no foreign key leads to rows of tenants",
  "unique-probe": "no value must be unique across tenants",
  "side-door": "no other way leads to its rows",
};

/** What policies stop. */
const byPolicy = new Set<MatrixColumn>(["read", "insert", "update", "reassign", "delete"]);

const verdict = (verdictOf: Verdict, reason: string | null): { verdict: Verdict; reason: string | null } => ({
  verdict: verdictOf,
  reason,
});

function judge(
  column: MatrixColumn,
  state: TableState,
  attempts: readonly Attempt[],
): { verdict: Verdict; reason: string | null } {
  const { tenancy, relation } = state.table;
  if (attempts.some(({ result }) => result === "leaked")) return verdict("LEAK", null);
  const missed = state.missed.get(column) ?? 0;
  const late = `${missed} attack${missed === 1 ? "" : "s"} did not run: ${state.over ?? "no more were allowed"}`;
  const failed = attempts.find(({ result }) => result === "error");
  if (tenancy.kind === "global") {
    if (missed > 0) return verdict("UNVERIFIED", late);
    if (failed) return verdict("UNVERIFIED", `${failed.name}: ${failed.evidence}`);
    return verdict("EXEMPT", "shared by all tenants");
  }
  if (tenancy.kind === "unknown")
    return verdict(
      "UNVERIFIED",
      [`not attacked: it is not known how a row of ${relation.name} finds its tenant`, ...state.table.evidence.because]
        .slice(0, 2)
        .join(": "),
    );
  if (state.unseeded !== null) return verdict("UNRELIABLE", `could not be seeded: ${state.unseeded}`);
  if (missed > 0) return verdict("UNVERIFIED", late);
  if (column === "read" && state.allPublic) return verdict("EXEMPT", "its rows are declared public");
  if (attempts.length === 0) return verdict("N/A", nothingToTry[column]);
  if (failed) return verdict("UNVERIFIED", `${failed.name}: ${failed.evidence}`);
  const blunt = attempts.find(({ result, bites }) => result === "blocked" && bites !== true);
  if (blunt)
    return verdict(
      "UNVERIFIED",
      `${blunt.name} is not shown to bite: ${blunt.proof ?? state.over ?? "no proof could be tried"}`,
    );
  if (state.blind && ["read", "update", "delete", "reassign"].includes(column))
    return verdict("UNVERIFIED", "tenant A does not see its own rows either: its context may be misunderstood");
  if (state.opaque !== null && byPolicy.has(column)) return verdict("UNVERIFIED", state.opaque);
  const noted = attempts.filter(({ result }) => result === "noted");
  if (noted.length === attempts.length) return verdict("N/A", `only a residual channel: ${noted[0]!.evidence}`);
  return verdict("BLOCKED", noted.length > 0 ? `with a residual channel: ${noted[0]!.evidence}` : null);
}

/** The cells of a table, in the order of the columns. */
export function cellsOf(columns: readonly MatrixColumn[], state: TableState, attempts: readonly Attempt[]): Cell[] {
  const table: QualifiedName = { schema: state.table.relation.schema, name: state.table.relation.name };
  return columns.map((column) => {
    const own = attempts.filter((attempt) => attempt.column === column && dotted(attempt.table) === dotted(table));
    return { table, column, ...judge(column, state, own), attempts: own };
  });
}

/**
 * The cells with what leaked in partitions taken for themselves: they have no row of the matrix, and are a side door of their table. What the table's
 * own attacks on the partition have shown already is no news.
 */
export function withPartitionLeaks(
  cells: readonly Cell[],
  attempts: readonly Attempt[],
  rootOf: (table: QualifiedName) => QualifiedName,
): Cell[] {
  const listed = new Set(cells.map(({ table }) => dotted(table)));
  const leaks = attempts.filter(({ table, result }) => result === "leaked" && !listed.has(dotted(table)));
  return cells.map((cell): Cell => {
    if (cell.column !== "side-door") return cell;
    const shown = new Set(cell.attempts.flatMap(({ result, object }) => (result === "leaked" ? [object] : [])));
    const more = leaks.filter(
      ({ table, column }) =>
        dotted(rootOf(table)) === dotted(cell.table) && (column === "truncate" || !shown.has(table.name)),
    );
    return more.length === 0 ? cell : { ...cell, verdict: "LEAK", reason: null, attempts: [...cell.attempts, ...more] };
  });
}
