/**
 * From the outcomes of all attacks to the matrix: which attempts count, what was missed, which tables were seeded. Pure. Must never lose an attack that
 * was planned and did not run.
 */
import type { QualifiedName } from "@watertight/schema";
import { dotted, type SchemaGraph } from "../understand/schema/graph.ts";
import type { Attack } from "./attacks/attack.ts";
import { looksForCopies } from "./attacks/copies.ts";
import { partsOf } from "./attacks/partitions.ts";
import { policiesOf } from "./attacks/paths.ts";
import type { Target, World } from "./attacks/world.ts";
import { cellsOf, type TableState, withPartitionLeaks } from "./cells.ts";
import { type Attempt, type Matrix, type MatrixColumn, matrixColumns, type MatrixNote } from "./matrix.ts";
import { opaqueHelper } from "./opaque.ts";
import { reproScript } from "./repro.ts";
import { isPointless, isWildGuess, type Outcome } from "./run/run-attacks.ts";
import { unseedable } from "./seed/seed.ts";

function attemptOf(world: World, { attack, ruling, bites, proof }: Outcome): Attempt {
  return {
    vector: attack.vector,
    column: attack.column,
    table: { schema: attack.table.schema, name: attack.table.name },
    name: attack.name,
    object: attack.object,
    role: attack.actor.role,
    connection: attack.age,
    result: ruling.result,
    evidence: ruling.evidence,
    bites,
    proof: proof === "" ? null : proof,
    repro: reproScript(world, attack, ruling.evidence),
  };
}

// A's own rows are the proof that the context is the right one, where policies and rights let it see any.
function isBlind(world: World, target: Target, outcomes: readonly Outcome[]): boolean {
  if (!target.relation.rowSecurity) return false;
  const reads = policiesOf(world, target.relation).some(
    ({ command, permissive, roles }) =>
      permissive && (command === "all" || command === "select") && world.facts.reach.applies(roles),
  );
  if (!reads) return false;
  const main = outcomes.filter(
    ({ attack }) => attack.table === target.relation && attack.column === "read" && attack.persona === "strongest",
  );
  const bare = main.filter(
    ({ ruling }) => ruling.result === "blocked" && ruling.evidence.startsWith("0 rows of tenant B"),
  );
  // an error is no sight of one's own rows; only a missing right is an answer
  const failed = main.filter(
    ({ ruling }) => ruling.result === "blocked" && !/^(0 rows of tenant B|42501 )/.test(ruling.evidence),
  );
  if (bare.length === 0) return failed.length > 0;
  return bare.every(({ ruling }) => ruling.evidence.endsWith(", 0 others"));
}

/** What was done to a schema. */
export interface Attacked {
  readonly world: World;
  readonly graph: SchemaGraph;
  /** Only these tables; default: all. */
  readonly only?: readonly QualifiedName[] | undefined;
  readonly targets: readonly Target[];
  /** All that was meant to run, beside the residual ones. */
  readonly planned: readonly Attack[];
  /** Attacks whose outcome is told and never judged. */
  readonly residual: readonly Attack[];
  readonly outcomes: readonly Outcome[];
  /** What was noticed on the way. */
  readonly remarks: readonly MatrixNote[];
  readonly connections: number;
  /** Why not all of it ran. */
  readonly over: string | null;
}

/** The matrix of what was planned and what came of it. */
export function assembleMatrix(attacked: Attacked): Matrix {
  const { world, graph, only, targets, planned, residual, outcomes, connections, over } = attacked;
  const notes = [...attacked.remarks];
  const told = new Set(residual);
  const useful = outcomes.filter(
    (outcome) =>
      !isPointless(outcome) &&
      !isWildGuess(outcome, outcomes) &&
      // a table of nobody without a copy in it is no news
      !(looksForCopies(outcome.attack) && outcome.ruling.result === "blocked"),
  );
  const attempts = useful.filter(({ attack }) => !told.has(attack)).map((outcome) => attemptOf(world, outcome));
  const ran = new Set(outcomes.map(({ attack }) => attack));
  for (const outcome of useful.filter(({ attack }) => told.has(attack)))
    if (outcome.ruling.result === "noted")
      notes.push({ vector: outcome.attack.vector, text: outcome.ruling.evidence, attempt: attemptOf(world, outcome) });
  for (const target of targets) {
    const { parts, left } = partsOf(world, target);
    if (parts.length > 0 && left > 0)
      notes.push({
        vector: "F4",
        text: `${dotted(target.relation)}: ${parts.length} partitions were attacked one by one, ${left} were not.`,
        attempt: null,
      });
  }
  const byTarget = new Map(targets.map((target) => [dotted(target.relation), target]));
  const tables = world.facts.understanding.tables.filter(({ relation }) => {
    const found = graph.relation(relation);
    return (
      found !== undefined && !found.isPartition && (only?.some((name) => dotted(name) === dotted(relation)) ?? true)
    );
  });
  const rootOf = (table: QualifiedName): QualifiedName => {
    const found = graph.relation(table);
    return found === undefined ? table : graph.root(found);
  };
  const listed = new Set(tables.map(({ relation }) => dotted(relation)));
  const missed = new Map<string, Map<MatrixColumn, number>>();
  for (const { table, column } of planned.filter((attack) => !ran.has(attack))) {
    // a partition has no row of its own in the matrix
    const name = dotted(table);
    const [row, of] = listed.has(name) ? [name, column] : [dotted(rootOf(table)), "side-door" as const];
    const counts = missed.get(row) ?? new Map<MatrixColumn, number>();
    missed.set(row, counts.set(of, (counts.get(of) ?? 0) + 1));
  }
  const ownCells = tables.flatMap((table) => {
    const target = byTarget.get(dotted(table.relation));
    const state: TableState = {
      table,
      unseeded: target ? null : whyUnseeded(world, graph, table.relation),
      missed: missed.get(dotted(table.relation)) ?? new Map(),
      over,
      blind: target ? isBlind(world, target, outcomes) : false,
      opaque: target ? opaqueHelper(world, target.relation) : null,
      allPublic: target ? target.b.every(({ isPublic }) => isPublic) : false,
    };
    return cellsOf(matrixColumns, state, attempts);
  });
  const cells = withPartitionLeaks(ownCells, attempts, rootOf);
  const withoutRoles = world.actors.length === 0;
  return {
    cells: withoutRoles
      ? cells.map((cell) =>
          cell.verdict === "N/A"
            ? { ...cell, verdict: "UNVERIFIED" as const, reason: "no role of the application is known" }
            : cell,
        )
      : cells,
    notes,
    seeded: tables
      .filter(({ tenancy }) => tenancy.kind !== "global" && tenancy.kind !== "unknown")
      .map(({ relation }) => {
        const target = byTarget.get(dotted(relation));
        return {
          table: { schema: relation.schema, name: relation.name },
          rows: target ? target.a.length + target.b.length : 0,
          problem: target ? null : whyUnseeded(world, graph, relation),
        };
      }),
    attempts: attempts.length,
    connections,
  };
}

function whyUnseeded(world: World, graph: SchemaGraph, table: QualifiedName): string {
  const relation = graph.relation(table);
  return (
    world.seeded.problems.get(dotted(table)) ??
    (relation ? unseedable(relation) : null) ??
    "no row of both tenants could be recognised in it"
  );
}
