/**
 * Questions that reading and judging a predicate asks of a snapshot: what a name means, which columns say whose a row is. Must never ask a
 * server; a name that the snapshot does not hold is null.
 */
import type { Column, Policy, QualifiedName, Relation, Routine, Snapshot } from "@watertight/schema";
import type { Tenancy, Understanding } from "../../understand/understanding.ts";
import { ownerStrengthOf, soundsLikeUsers, tenantStrengthOf } from "../../understand/tenants/words.ts";

/** A snapshot with its understanding, indexed. */
export interface Catalog {
  readonly snapshot: Snapshot;
  readonly understanding: Understanding;
  relation(schema: string | null, name: string, path: readonly string[]): Relation | null;
  routine(schema: string | null, name: string, args: number, path: readonly string[]): Routine | null;
  bySignature(signature: string): Routine | null;
  column(relation: Relation, name: string): Column | null;
  tenancy(relation: QualifiedName): Tenancy;
  policies(relation: QualifiedName): readonly Policy[];
  /** Columns of primary keys and unique constraints, each a list. */
  keys(relation: QualifiedName): readonly (readonly string[])[];
  /** Columns that lead to the row's tenant: the tenant column, or the foreign key of a derived tenancy. */
  tenantColumns(relation: QualifiedName): readonly string[];
  /** Whether equal values in this column mean the same person or tenant's thing: keys, references, owners. */
  identifies(relation: Relation, column: string): boolean;
}

// no name holds a NUL
const dotted = ({ schema, name }: QualifiedName): string => `${schema}\0${name}`;

function group<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const known = groups.get(key(item));
    if (known === undefined) groups.set(key(item), [item]);
    else known.push(item);
  }
  return groups;
}

/** Indexes a snapshot. */
export function catalogOf(snapshot: Snapshot, understanding: Understanding): Catalog {
  const relations = new Map(snapshot.relations.map((relation) => [dotted(relation), relation]));
  const routines = group(snapshot.routines, ({ name }) => name);
  const signatures = new Map(snapshot.routines.map((routine) => [routine.signature, routine]));
  const policies = group(snapshot.policies, ({ relation }) => dotted(relation));
  const constraints = group(snapshot.constraints, ({ relation }) => dotted(relation));
  const indexes = group(snapshot.indexes, ({ relation }) => dotted(relation));
  const tenancies = new Map(understanding.tables.map(({ relation, tenancy }) => [dotted(relation), tenancy]));
  const memberships = new Map(understanding.memberships.map((each) => [dotted(each.relation), each]));
  const unknown: Tenancy = { kind: "unknown" };
  const tenancy = (relation: QualifiedName): Tenancy => tenancies.get(dotted(relation)) ?? unknown;

  const shared = (relation: QualifiedName): boolean =>
    tenancy(relation).kind === "global" && !soundsLikeUsers(relation.name);
  const keys = (relation: QualifiedName): (readonly string[])[] =>
    (indexes.get(dotted(relation)) ?? [])
      .filter((index) => index.unique && index.predicate === null)
      .flatMap(({ columns }) => (columns.includes(null) ? [] : [columns as string[]]));

  return {
    snapshot,
    understanding,
    relation: (schema, name, path) =>
      find(schema === null ? path : [schema], (each) => relations.get(dotted({ schema: each, name }))),
    routine(schema, name, args, path) {
      const named = (routines.get(name) ?? []).filter(
        (routine) => routine.kind !== "procedure" && routine.arguments.length >= args,
      );
      const fitting = [...named].sort((a, b) => a.arguments.length - b.arguments.length);
      const at = (place: string): Routine | undefined => fitting.find((routine) => routine.schema === place);
      if (schema !== null) return at(schema) ?? null;
      return find(path, at) ?? (new Set(fitting.map((each) => each.schema)).size === 1 ? (fitting[0] ?? null) : null);
    },
    bySignature: (signature) => signatures.get(signature) ?? null,
    column: (relation, name) => relation.columns.find((column) => column.name === name) ?? null,
    tenancy,
    policies: (relation) => policies.get(dotted(relation)) ?? [],
    keys,
    tenantColumns(relation) {
      const found = tenancy(relation);
      if (found.kind === "column" || found.kind === "tenants") return [found.column];
      return found.kind === "derived" ? found.columns : [];
    },
    identifies(relation, column) {
      if (shared(relation)) return false;
      const membership = memberships.get(dotted(relation));
      if (membership?.userColumn === column || membership?.tenantColumn === column) return true;
      const found = tenancy(relation);
      if ((found.kind === "column" || found.kind === "tenants") && found.column === column) return true;
      if (found.kind === "derived" && found.columns.includes(column)) return true;
      const references = (constraints.get(dotted(relation)) ?? []).filter(
        (each) => each.references !== null && each.columns.includes(column),
      );
      if (references.length > 0) return references.some((each) => !shared(each.references!.relation));
      if (keys(relation).some((key) => key.length === 1 && key[0] === column)) return true;
      return ownerStrengthOf(column) > 0 || tenantStrengthOf(column) > 0 || /(^|_)(id|uuid|uid|e-?mail)$/i.test(column);
    },
  };
}

function find<T>(path: readonly string[], at: (schema: string) => T | undefined): T | null {
  for (const schema of path) {
    const found = at(schema);
    if (found !== undefined) return found;
  }
  return null;
}
