/**
 * The first draft of a row: tenant and user where the columns mean them, parents' keys where foreign keys want them, a guess for the rest.
 * Pure. Must never give a row of one tenant a parent of the other.
 */
import type { Column, Relation } from "@watertight/schema";
import type { MembershipTable } from "../../understand/understanding.ts";
import { dotted, type ForeignKey, type SchemaGraph } from "../../understand/schema/graph.ts";
import type { Meaning } from "../personas/meaning.ts";
import type { Randomness, Tenant } from "../personas/tenants.ts";
import { type RowMark, plainValue } from "./plain-value.ts";
import type { Values } from "./values.ts";

/** Everything that drafts need. */
export interface DraftRoom {
  readonly graph: SchemaGraph;
  readonly meaning: Meaning;
  readonly memberships: readonly MembershipTable[];
  readonly random: Randomness;
  /** Rows that exist for the tenant (or for everybody) in a table. */
  parents(relation: Relation): readonly Values[];
  /** All rows that the seed has made in a table, whosoever they are. */
  placed(relation: Relation): readonly Values[];
}

/** A draft. */
export interface Draft {
  readonly values: Map<string, string | null>;
  /** Columns whose value has a meaning and may not be changed by trying. */
  readonly fixed: ReadonlySet<string>;
  /** A parent that is missing, so that the row can't be made. */
  readonly missing: ForeignKey | null;
}

/** How full a row is: everything that may hold a value, or only what must. */
export type Fullness = "full" | "plain" | "least";

const surrogate = (column: Column): boolean =>
  column.identity !== null || /^nextval\(|gen_random_uuid\(\)|uuid_generate_v\d|uuidv\d/.test(column.default ?? "");

/** Whether a value must be given for the column. */
const required = (column: Column): boolean => column.notNull && column.default === null && column.identity === null;

function membershipRank(
  room: DraftRoom,
  relation: Relation,
  column: Column,
  number: number,
): string | null | undefined {
  const found = room.memberships.find(
    (each) => dotted(each.relation) === dotted(relation) && each.role?.column === column.name,
  );
  if (!found?.role) return undefined;
  const highest = found.role.highest;
  if (number !== 2) return highest ?? undefined;
  const others = (column.enumLabels ?? []).filter((label) => label !== highest);
  // the least rank is what a newcomer gets
  return column.default !== null ? undefined : (others.at(-1) ?? highest ?? undefined);
}

function wantsValue(column: Column, keys: ReadonlySet<string>, fullness: Fullness, number: number): boolean {
  if (keys.has(column.name) || required(column)) return true;
  if (fullness === "least") return false;
  if (surrogate(column)) return false;
  if (column.default !== null)
    // the second row differs where the application would branch: is_public, status
    return fullness === "full" && number === 2 && (column.type === "boolean" || column.enumLabels !== null);
  // deleted_at, archived_at: set on one row, empty on the other
  if (/^(timestamp|date)/.test(column.baseType)) return number === 1 && !/delet|archiv|remov|revok/i.test(column.name);
  return true;
}

/** Drafts a row. `tenant` null: a row that everybody shares. `turn` chooses another parent where there are several. */
export function draftRow(
  room: DraftRoom,
  relation: Relation,
  tenant: Tenant | null,
  number: number,
  options: {
    readonly fullness: Fullness;
    readonly turn: number;
    readonly leave: readonly ForeignKey[];
    readonly canary: string;
  },
): Draft {
  const { graph, meaning } = room;
  const mark: RowMark = { canary: options.canary, number, table: dotted(relation), random: room.random };
  const values = new Map<string, string | null>();
  const fixed = new Set<string>();
  let missing: ForeignKey | null = null;
  const give = (column: string, value: string | null): void => {
    values.set(column, value);
    fixed.add(column);
  };
  for (const column of relation.columns) {
    if (column.generated !== null || !tenant) continue;
    const holds = meaning.holds(relation, column.name);
    if (holds === "tenant") give(column.name, tenant.id);
    if (holds === "user") give(column.name, tenant.users[number === 2 ? 1 : 0]);
    // each of the two people has one session that requests name; more of them have keys like any other row
    const session = tenant.sessions.get(`${dotted(relation)}.${column.name}`)?.[number - 1];
    if (session !== undefined) give(column.name, session);
  }
  for (const key of graph.foreignKeys(relation)) {
    const open = key.columns.filter((column) => !fixed.has(column));
    if (open.length === 0) continue;
    if (options.leave.includes(key) || (options.fullness === "least" && !key.required)) {
      for (const column of open) if (!graph.column(relation, column)?.notNull) give(column, null);
      continue;
    }
    const rows = room.parents(graph.root(key.parent));
    // all columns that the row has already must agree with the parent
    const fitting = rows.filter((row) =>
      key.columns.every((column, at) => !fixed.has(column) || row.get(key.parentColumns[at]!) === values.get(column)),
    );
    const parent = fitting[options.turn % Math.max(fitting.length, 1)];
    if (parent) key.columns.forEach((column, at) => give(column, parent.get(key.parentColumns[at]!) ?? null));
    else if (key.required) missing ??= key;
    else for (const column of open) if (!graph.column(relation, column)?.notNull) give(column, null);
  }
  const keys = new Set(graph.primaryKey(relation));
  for (const column of relation.columns) {
    if (column.generated !== null || values.has(column.name)) continue;
    const rank = membershipRank(room, relation, column, number);
    if (rank !== undefined) give(column.name, rank);
    else if (wantsValue(column, keys, options.fullness, number)) {
      const guess = plainValue(column, mark);
      if (guess !== null || required(column)) values.set(column.name, guess);
    }
  }
  return { values, fixed, missing };
}
