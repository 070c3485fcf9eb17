/**
 * Which tables an export takes, which it leaves out and says so, and which stop it. Pure. Must never take a table whose floor is not as the kit
 * makes it, nor leave one out without naming it.
 */
import { controlError } from "../errors/control-error.ts";
import { ledgerTable } from "../migrations/target.ts";
import type { LeftOutTable } from "./manifest.ts";
import type { Floor, TableFacts } from "./table-facts.ts";

/** A table that is taken. */
export interface ChosenTable {
  readonly facts: TableFacts;
  readonly shared: boolean;
  /** The column that must hold the tenant in every row; absent where a parent or the schema decides. */
  readonly tenantColumn: string | undefined;
}

/** What is asked for. */
export interface TableChoice {
  /** The tenant's own schema, where it has one. */
  readonly schema: string | undefined;
  /** Tables of all tenants that are to come along, by name. */
  readonly shared: readonly string[];
  /** Protected tables that are to stay out, by name. */
  readonly leaveOut: readonly string[];
}

/** @throws ControlError WT_EXPORT_UNPROTECTED, WT_CATALOG_NOT_FOUND */
export function chooseTables(
  tables: readonly TableFacts[],
  { schema, shared, leaveOut }: TableChoice,
): { readonly chosen: readonly ChosenTable[]; readonly leftOut: readonly LeftOutTable[] } {
  for (const name of [...shared, ...leaveOut])
    if (!tables.some((facts) => isCalled(facts, name)))
      throw controlError("WT_CATALOG_NOT_FOUND", { detail: `table ${name}`, next: "Write schema.table." });
  const byId = new Map(tables.map((facts) => [facts.id, facts]));
  const protectedIds = new Set(tables.filter((facts) => isProtected(facts, schema, byId, 0)).map(({ id }) => id));
  const tenantColumns = new Set(tables.flatMap((facts) => tenantColumnOf(facts, protectedIds) ?? []));
  const chosen: ChosenTable[] = [];
  const leftOut: LeftOutTable[] = [];
  const open: string[] = [];
  for (const facts of tables) {
    const table = `${facts.schema}.${facts.name}`;
    const isTable = facts.kind === "r" || facts.kind === "p";
    const wanted = shared.some((name) => isCalled(facts, name));
    const ancestor = ancestorOf(facts, protectedIds, byId);
    if (leaveOut.some((name) => isCalled(facts, name))) leftOut.push({ table, why: "left out by name" });
    else if (facts.schema === schema && facts.name === ledgerTable)
      leftOut.push({ table, why: "the ledger of migrations, which is the control plane's" });
    else if (ancestor !== undefined) {
      const own = facts.columns.filter(({ name }) => !ancestor.columns.some((each) => each.name === name));
      if (own.length > 0)
        leftOut.push({
          table,
          why: `its rows are in ${ancestor.schema}.${ancestor.name}, its own columns are not: ${own.map(({ name }) => name).join(", ")}`,
        });
    } else if (protectedIds.has(facts.id)) {
      if (facts.readable) chosen.push({ facts, shared: false, tenantColumn: tenantColumnOf(facts, protectedIds) });
      else open.push(`${table} (the reading login may not read it)`);
    } else if (isTable && (facts.ofKit || facts.schema === schema)) open.push(table);
    else if (wanted) {
      const why = whyNotShared(facts, tenantColumns, protectedIds);
      if (why === undefined) chosen.push({ facts, shared: true, tenantColumn: undefined });
      else open.push(`${table} (${why})`);
    } else leftOut.push({ table, why: isTable ? "not a tenant's table: nobody protected it" : "not a table" });
  }
  if (open.length > 0) throw controlError("WT_EXPORT_UNPROTECTED", { detail: open.join(", ") });
  return { chosen, leftOut };
}

const isCalled = ({ schema, name, id }: TableFacts, given: string): boolean =>
  given === `${schema}.${name}` || given === id || (schema === "public" && given === name);

function isProtected(
  facts: TableFacts,
  schema: string | undefined,
  byId: ReadonlyMap<string, TableFacts>,
  depth: number,
): boolean {
  if (!facts.rls || !facts.forced || (facts.kind !== "r" && facts.kind !== "p") || depth > 20) return false;
  const wanted = facts.schema === schema ? "watertight_schema_floor" : "watertight_floor";
  const floor = facts.floors.find(({ name, whole }) => name === wanted && whole);
  if (floor === undefined || !isKits(floor)) return false;
  // one that asks for a context and looks at no row lets every row through; what rests on one column is compared again, row by row
  if (
    floor.name === "watertight_floor" &&
    (floor.parents.length > 0 ? floor.columns.length === 0 : floor.columns.length !== 1)
  )
    return false;
  // a table without a tenant of its own is as closed as the one that decides
  return floor.parents.every((parent) => {
    const above = byId.get(parent);
    return above !== undefined && isProtected(above, schema, byId, depth + 1);
  });
}

// The floors that the kit writes compare with the context, or look for the parent's row; they have no second way in.
function isKits({ using, parents }: Floor): boolean {
  if (/\bOR\b|\bwatertight\.observed/.test(withoutTexts(using))) return false;
  return parents.length > 0 ? /\bwatertight_parent\b/.test(using) : /\bwatertight\.tenant_id\(\)/.test(using);
}

const withoutTexts = (sql: string): string => sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, "''");

function tenantColumnOf(facts: TableFacts, protectedIds: ReadonlySet<string>): string | undefined {
  const floor = facts.floors.find(({ name }) => name === "watertight_floor");
  if (!protectedIds.has(facts.id) || floor === undefined || floor.parents.length > 0) return undefined;
  return floor.columns.length === 1 ? floor.columns[0] : undefined;
}

// A table that inherits: reading the one above shows its rows, so that reading both would show them twice.
function ancestorOf(
  facts: TableFacts,
  protectedIds: ReadonlySet<string>,
  byId: ReadonlyMap<string, TableFacts>,
): TableFacts | undefined {
  for (const id of facts.inherits) {
    const parent = byId.get(id);
    if (parent === undefined) continue;
    const above = ancestorOf(parent, protectedIds, byId);
    if (above !== undefined) return above;
    if (protectedIds.has(id)) return parent;
  }
  return undefined;
}

// What holds tenants' rows is no shared table, whatever it is called.
function whyNotShared(
  facts: TableFacts,
  tenantColumns: ReadonlySet<string>,
  protectedIds: ReadonlySet<string>,
): string | undefined {
  if (!facts.readable) return "the reading login may not read it";
  if (facts.extension) return "it belongs to an extension";
  const column = facts.columns.find(({ name }) => tenantColumns.has(name));
  if (column !== undefined) return `it has the tenant column ${column.name} and no protection`;
  const parent = facts.references.find((id) => protectedIds.has(id));
  return parent === undefined ? undefined : `it refers to rows of ${parent} and has no protection`;
}
