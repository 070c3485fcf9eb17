/**
 * The tenancy of every table: what was declared, else bookkeeping, a column of its own, a chain of foreign keys, a person, or none. Partitions and
 * children follow their parent. Must never guess.
 */
import type { Relation } from "@watertight/schema";
import type { DeclaredTable } from "../declared.ts";
import type { PoliciesMeaning } from "../meaning/policy-meaning.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import type { TenantTable } from "../understanding.ts";
import { type Answer, columnTenancy } from "./answer.ts";
import { derivations } from "./derive.ts";
import type { TenantModel } from "./model.ts";
import { bookkeeping, leftOver, personal } from "./no-path.ts";
import { ownColumn } from "./own-column.ts";

/** Tenancies of all tables, in the snapshot's order. */
export function tenancies(
  graph: SchemaGraph,
  meaning: PoliciesMeaning,
  model: TenantModel,
  declared: ReadonlyMap<string, DeclaredTable>,
): TenantTable[] {
  const roots = graph.tables.filter((table) => graph.root(table) === table);
  const answers = new Map<string, Answer>();
  for (const table of roots) {
    const answer =
      declaredAnswer(graph, table, declared.get(dotted(table))) ??
      bookkeeping(table, model) ??
      ownColumn(graph, meaning, model, table);
    if (answer) answers.set(dotted(table), answer);
  }
  for (const [table, answer] of derivations(graph, answers, roots, model)) answers.set(table, answer);
  const open = roots.filter((table) => !answers.has(dotted(table)));
  for (const table of open) {
    const answer = personal(graph, meaning, model, table);
    if (answer) answers.set(dotted(table), answer);
  }
  // until nothing changes: that a table is unknown makes those below it unknown
  for (let before = -1, unknown = 0; unknown > before;) {
    before = unknown;
    for (const table of open)
      if (!["column", "unknown"].includes(answers.get(dotted(table))?.tenancy.kind ?? "")) {
        const answer = leftOver(graph, model, table, answers);
        answers.set(dotted(table), answer);
        if (answer.tenancy.kind === "unknown") unknown += 1;
      }
  }
  return graph.tables.map((table) => describe(graph, table, answers, declared));
}

function describe(
  graph: SchemaGraph,
  table: Relation,
  answers: ReadonlyMap<string, Answer>,
  declared: ReadonlyMap<string, DeclaredTable>,
): TenantTable {
  const root = graph.root(table);
  const answer = answers.get(dotted(root))!;
  const follows = root === table ? [] : [`${table.isPartition ? "partition of" : "inherits from"} ${dotted(root)}`];
  return {
    relation: { schema: table.schema, name: table.name },
    tenancy: answer.tenancy,
    evidence: { source: answer.declared ? "declared" : "inferred", because: [...follows, ...answer.because] },
    publicRows: declared.get(dotted(table))?.publicRows ?? declared.get(dotted(root))?.publicRows ?? null,
  };
}

function declaredAnswer(graph: SchemaGraph, table: Relation, said: DeclaredTable | undefined): Answer | undefined {
  if (said?.global === true) return { tenancy: { kind: "global" }, because: ["declared global"], declared: true };
  const column = said?.column === undefined ? undefined : graph.column(table, said.column);
  if (column) return { tenancy: columnTenancy(column), because: [`declared: column ${column.name}`], declared: true };
  if (said?.parent === undefined) return undefined;
  const words = said.parent.split(".");
  const parent = graph.find(words.length > 1 ? words[0] : undefined, words.at(-1)!, [table.schema, "public"]);
  if (!parent) return undefined;
  const key = graph
    .foreignKeys(table)
    .find((each) => each.parent === parent && (!said.by || said.by.join() === each.columns.join()));
  return {
    tenancy: {
      kind: "derived",
      columns: key?.columns ?? said.by ?? [],
      parent: { schema: parent.schema, name: parent.name },
      parentColumns: key?.parentColumns ?? graph.primaryKey(parent),
    },
    because: [`declared: belongs to ${dotted(parent)}`],
    declared: true,
  };
}
