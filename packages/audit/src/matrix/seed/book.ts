/**
 * Every row that is there before the first attack, with its owner: what "foreign" means afterwards is decided by this book and by nothing else.
 * Reading it is one query a table; judging is pure.
 */
import { type Relation, quoteName } from "@watertight/schema";
import type { TenantTable } from "../../understand/understanding.ts";
import { dotted, type SchemaGraph } from "../../understand/schema/graph.ts";
import { columnsOf, type Lab } from "../lab/lab.ts";
import type { Tenant } from "../personas/tenants.ts";
import type { Session } from "../wire/session.ts";
import { nameOf, type Values } from "./values.ts";

/** A row. */
export interface BookRow {
  /** Where it lies: table and ctid, so that even a row without a key is itself. */
  readonly place: string;
  /** The partition or inheritance child that holds it, as schema.name; the table itself otherwise. */
  readonly leaf: string;
  readonly values: Values;
  /** Null: shared, or of nobody that we know. */
  readonly owner: "A" | "B" | null;
  /** The user has declared that everybody may see it. */
  readonly isPublic: boolean;
}

/** The rows of one table. */
export interface BookPage {
  readonly relation: Relation;
  readonly rows: readonly BookRow[];
}

/** All rows. */
export interface Book {
  page(table: { readonly schema: string; readonly name: string }): BookPage | undefined;
  of(table: { readonly schema: string; readonly name: string }, owner: "A" | "B"): readonly BookRow[];
  /** Whose a row with these values is, also one that has just been written. */
  ownerOf(table: { readonly schema: string; readonly name: string }, values: Values): "A" | "B" | null;
  readonly pages: readonly BookPage[];
}

/** Rows of the lab's function as values by column. */
export function valuesOf(relation: Relation, cells: string): Values {
  const parsed = JSON.parse(cells) as (string | null)[];
  return new Map(columnsOf(relation).map(({ name }, at) => [name, parsed[at] ?? null]));
}

function ownerByColumn(value: string | null | undefined, tenants: readonly Tenant[]): "A" | "B" | null {
  return tenants.find(({ id, users }) => value === id || users.includes(value ?? "\0"))?.label ?? null;
}

/** Reads all rows of the given tables and says whose they are. */
export async function readBook(
  admin: Session,
  lab: Lab,
  graph: SchemaGraph,
  tables: readonly TenantTable[],
  extra: readonly Relation[],
  tenants: readonly Tenant[],
): Promise<Book> {
  const tenancies = new Map(tables.map((table) => [dotted(table.relation), table]));
  const relations = new Map<string, Relation>();
  for (const { relation } of tables) {
    const found = graph.relation(relation);
    if (found && (found.kind === "r" || found.kind === "p")) relations.set(dotted(found), found);
  }
  for (const relation of extra) relations.set(dotted(relation), relation);
  const list = [...relations.values()];
  const raw = new Map<string, { place: string; leaf: string; values: Values }[]>();
  const answers = await admin.run(list.map((relation) => lab.rowsOf(relation)));
  list.forEach((relation, at) => {
    const rows = answers[at]!.rows.map(([place, leaf, cells]) => ({
      place: place!,
      leaf: leaf!.replaceAll('"', ""),
      values: valuesOf(relation, cells!),
    }));
    raw.set(dotted(relation), rows);
  });
  const declared = await readPublic(admin, tables, graph);

  const ownerOf = (table: { schema: string; name: string }, values: Values, depth = 0): "A" | "B" | null => {
    const tenancy = tenancies.get(dotted(table))?.tenancy;
    if (tenancy?.kind === "column" || tenancy?.kind === "tenants")
      return ownerByColumn(values.get(tenancy.column), tenants);
    if (tenancy?.kind !== "derived" || depth > 16) return null;
    const parent = raw.get(dotted(tenancy.parent))?.find(({ values: row }) =>
      tenancy.columns.every((column, at) => {
        const value = values.get(column) ?? null;
        return value !== null && row.get(tenancy.parentColumns[at]!) === value;
      }),
    );
    return parent ? ownerOf(tenancy.parent, parent.values, depth + 1) : null;
  };

  const pages = list.map((relation): BookPage => ({
    relation,
    rows: (raw.get(dotted(relation)) ?? []).map(({ place, leaf, values }) => ({
      place,
      leaf,
      values,
      owner: ownerOf(relation, values),
      isPublic: declared.has(`${dotted(relation)} ${place}`),
    })),
  }));
  const byName = new Map(pages.map((page) => [dotted(page.relation), page]));
  return {
    pages,
    page: (table) => byName.get(dotted(table)),
    of: (table, owner) => byName.get(dotted(table))?.rows.filter((row) => row.owner === owner) ?? [],
    ownerOf: (table, values) => ownerOf(table, values),
  };
}

async function readPublic(admin: Session, tables: readonly TenantTable[], graph: SchemaGraph): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { relation, publicRows } of tables) {
    const table = graph.relation(relation);
    if (publicRows === null || !table) continue;
    const [answer] = await admin.run([
      `select tableoid::text || ctid::text from ${nameOf(table)} as ${quoteName(table.name)} where ${publicRows}`,
    ]);
    for (const [place] of answer!.rows) found.add(`${dotted(relation)} ${place}`);
  }
  return found;
}
