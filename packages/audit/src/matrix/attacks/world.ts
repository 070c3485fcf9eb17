/**
 * What every family of attacks looks at: facts, seeded rows, tenants, roles with their rights. Built once, then only read.
 */
import { type QualifiedName, quoteName, quoteText, type Relation } from "@watertight/schema";
import type { Facts } from "../../rules/rule.ts";
import { dotted, type SchemaGraph } from "../../understand/schema/graph.ts";
import type { Tenancy } from "../../understand/understanding.ts";
import type { Lab } from "../lab/lab.ts";
import type { ContextBook } from "../personas/context.ts";
import type { Meaning } from "../personas/meaning.ts";
import type { Randomness, Tenant } from "../personas/tenants.ts";
import type { Book, BookPage, BookRow } from "../seed/book.ts";
import type { Seeded } from "../seed/seed.ts";
import { nameOf, type Values } from "../seed/values.ts";
import type { Actor, Control } from "./attack.ts";
import type { Markers } from "./judge.ts";
import type { Rights, RightsBook } from "./rights.ts";

/** Everything. */
export interface World {
  readonly facts: Facts;
  readonly graph: SchemaGraph;
  readonly meaning: Meaning;
  readonly tenants: { readonly a: Tenant; readonly b: Tenant };
  readonly context: ContextBook;
  readonly actors: readonly Actor[];
  readonly rights: RightsBook;
  readonly book: Book;
  readonly seeded: Seeded;
  readonly markers: Markers;
  readonly random: Randomness;
  readonly lab: Lab;
  /** The role behind most proofs. */
  readonly unbound: string;
}

/** A table under attack. */
export interface Target {
  readonly relation: Relation;
  /** Quoted. */
  readonly name: string;
  readonly tenancy: Tenancy;
  readonly page: BookPage;
  readonly a: readonly BookRow[];
  readonly b: readonly BookRow[];
  readonly spareA: Values | null;
  readonly spareB: Values | null;
  /** Columns that tell rows apart; empty where only their place does. */
  readonly key: readonly string[];
  /** Columns that decide whose a row is. */
  readonly ownerColumns: readonly string[];
  readonly hasPolicies: boolean;
}

/** The table as a target, or undefined when it has no rows of both tenants. */
export function targetOf(world: World, table: QualifiedName, tenancy: Tenancy): Target | undefined {
  const page = world.book.page(table);
  if (!page) return undefined;
  const { relation } = page;
  const a = world.book.of(table, "A");
  const b = world.book.of(table, "B");
  if (a.length === 0 || b.length === 0) return undefined;
  const spare = world.seeded.spares.get(dotted(table));
  const primary = world.graph.primaryKey(relation);
  const unique = world.graph
    .uniqueKeys(relation)
    .find((columns) => columns.length > 0 && columns.every((name) => world.graph.column(relation, name)?.notNull));
  return {
    relation,
    name: nameOf(relation),
    tenancy,
    page,
    a,
    b,
    spareA: spare?.A ?? null,
    spareB: spare?.B ?? null,
    key: primary.length > 0 ? primary : (unique ?? []),
    ownerColumns: tenancy.kind === "derived" ? tenancy.columns : "column" in tenancy ? [tenancy.column] : [],
    hasPolicies: world.facts.snapshot.policies.some((policy) => dotted(policy.relation) === dotted(relation)),
  };
}

/** What a role may do on the table. */
export const rightsOf = (world: World, actor: Actor, relation: Relation): Rights =>
  world.rights.of(actor.role, relation);

/** The first proof of every attack on rows: the same statement by a role without any bounds. */
export const unboundControl: Control = { off: "row security off, all rights granted", unbound: true, sql: [] };

/**
 * The table's own defences off: row security, and the rights that the role lacks. `rights` names more relations to open, for TRUNCATE CASCADE
 * and views.
 */
export function openTable(world: World, actor: Actor, relations: readonly Relation[], off?: string): Control {
  const sql: string[] = [];
  const schemas = new Set<string>();
  for (const relation of relations) {
    const name = nameOf(relation);
    if ((relation.kind === "r" || relation.kind === "p") && relation.rowSecurity)
      sql.push(`alter table ${name} disable row level security`);
    if (!world.rights.of(actor.role, relation).everything)
      sql.push(`grant all on ${relation.kind === "S" ? "sequence " : ""}${name} to ${quoteName(actor.role)}`);
    if (!world.rights.usage(actor.role, relation.schema)) schemas.add(relation.schema);
  }
  for (const schema of schemas) sql.push(`grant usage on schema ${quoteName(schema)} to ${quoteName(actor.role)}`);
  return { off: off ?? "row security off, all rights granted", sql };
}

/** TEMP on the database, whose name only the server knows. */
export function grantTemp(actor: Actor): string {
  const statement = quoteText(`grant temp on database %I to ${quoteName(actor.role).replaceAll("%", "%%")}`);
  return `do $do$ begin execute format(${statement}, current_database()); end $do$`;
}
