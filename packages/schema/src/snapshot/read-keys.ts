/**
 * Constraints and indexes. The catalog holds columns by number, and thousands of small sub-selects for their names took most of the time:
 * so numbers are what is read, and names are put in here.
 */
import { callsOf, columnNames, inScope, type Part, qualified } from "./catalog-sql.ts";
import type { Constraint, Index, Relation } from "./snapshot.ts";

/** Names of a relation's columns by their numbers. */
export type ColumnNames = ReadonlyMap<number, ReadonlyMap<number, string>>;

type References = NonNullable<Constraint["references"]>;

/** A constraint with numbers; `on` and `to` are oids. `named` holds names where the other table is not read. */
export interface NumberedConstraint extends Omit<Constraint, "columns" | "references"> {
  readonly on: number;
  readonly columns: readonly number[];
  readonly references:
    | null
    | (Omit<References, "columns"> & {
        readonly to: number;
        readonly columns: readonly number[];
        readonly named: readonly string[] | null;
      });
}

const from = "join pg_catalog.pg_class c on c.oid";
const schema = "join pg_catalog.pg_namespace n on n.oid = c.relnamespace";
const action = (column: string): string =>
  `case ${column} when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade' when 'n' then 'set null' else 'set default' end`;

/**
 * Constraints of tables. Two kinds are left out: the not-null constraints that 18 keeps as rows and 15 does not (Column.notNull says it; the
 * ones never validated stay, they are new in 18), and the rows that a foreign key to a partitioned table has for each partition.
 */
export const constraintsPart: Part<NumberedConstraint> = {
  what: "constraints",
  sql: (version) => `
    select ${qualified("c", "n")} as relation, k.conname as name,
           case k.contype when 'c' then 'check' when 'f' then 'foreign' when 'p' then 'primary' when 'u' then 'unique' when 'x' then 'exclude' when 'n' then 'not null' else 'trigger' end as kind,
           k.conrelid::int8 as on, coalesce(pg_catalog.to_json(k.conkey), '[]') as columns,
           case when k.contype = 'f' then pg_catalog.json_build_object('relation', ${qualified("fc", "fn")}, 'to', k.confrelid::int8, 'columns', k.confkey,
             'named', case when ${inScope.replaceAll("n.nspname", "fn.nspname")} then null else ${columnNames("k.confrelid", "k.confkey")} end,
             'onDelete', ${action("k.confdeltype")}, 'onUpdate', ${action("k.confupdtype")},
             'match', case k.confmatchtype when 'f' then 'full' when 'p' then 'partial' else 'simple' end) end as references,
           k.convalidated as validated, ${version >= 180000 ? "k.conenforced" : "true"} as enforced, k.condeferrable as deferrable,
           pg_catalog.pg_get_constraintdef(k.oid) as definition,
           case when k.contype in ('c', 'x') then coalesce(calls.list, '[]') else '[]' end as calls
      from pg_catalog.pg_constraint k ${from} = k.conrelid ${schema}
           left join pg_catalog.pg_class fc on fc.oid = k.confrelid left join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
           left join ${callsOf("pg_constraint")} calls on calls.objid = k.oid
           left join pg_catalog.pg_constraint parent on parent.oid = k.conparentid
     where ${inScope} and (k.contype <> 'n' or not k.convalidated) and parent.conrelid is distinct from k.conrelid
     order by n.nspname, c.relname, k.conname`,
};

/** A constraint with names. */
export function constraintOf({ on, ...own }: NumberedConstraint, names: ColumnNames): Constraint {
  const columns = own.columns.map((number) => nameOf(names, on, number));
  if (own.references === null) return { ...own, columns, references: null };
  const { to, named, ...references } = own.references;
  const referenced = named ?? references.columns.map((number) => nameOf(names, to, number));
  return { ...own, columns, references: { ...references, columns: referenced } };
}

/** An index with numbers: 0 is an expression; `options` has bit 1 for DESC and bit 2 for NULLS FIRST. */
export interface NumberedIndex extends Omit<Index, "columns" | "included" | "operatorClasses" | "order"> {
  readonly on: number;
  readonly numbers: readonly number[];
  readonly keys: number;
  readonly classes: readonly number[];
  readonly options: readonly number[];
}

/** Indexes. */
export const indexesPart: Part<NumberedIndex> = {
  what: "indexes",
  sql: () => `
    select n.nspname as schema, ic.relname as name, ${qualified("c", "n")} as relation, i.indisunique as unique, i.indisprimary as primary, i.indisexclusion as exclusion,
           am.amname as method, i.indrelid::int8 as on, pg_catalog.to_json(i.indkey::int2[]) as numbers, i.indnkeyatts as keys,
           pg_catalog.to_json(i.indclass::int8[]) as classes, pg_catalog.to_json(i.indoption::int2[]) as options,
           pg_catalog.pg_get_expr(i.indexprs, i.indrelid) as expressions, pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
           i.indnullsnotdistinct as "nullsNotDistinct", i.indisvalid as valid
      from pg_catalog.pg_index i ${from} = i.indrelid ${schema}
           join pg_catalog.pg_class ic on ic.oid = i.indexrelid join pg_catalog.pg_am am on am.oid = ic.relam
     where ${inScope} and c.relkind in ('r', 'p', 'm') order by n.nspname, ic.relname`,
};

/** Names of all operator classes: fewer than two hundred. */
export const operatorClassesPart: Part<{ readonly key: number; readonly name: string }> = {
  what: "operator classes",
  sql: () => `select o.oid::int8 as key, o.opcname as name from pg_catalog.pg_opclass o`,
};

/** An index with names. */
export function indexOf(
  { on, numbers, keys, classes, options, ...own }: NumberedIndex,
  names: ColumnNames,
  operatorClasses: ReadonlyMap<number, string>,
): Index {
  const all = numbers.map((number) => (number === 0 ? null : nameOf(names, on, number)));
  return {
    ...own,
    columns: all.slice(0, keys),
    included: all.slice(keys).filter((name) => name !== null),
    operatorClasses: classes.map((key) => operatorClasses.get(key) ?? String(key)),
    order: options.map((bits) => `${bits & 1 ? "desc" : "asc"} nulls ${bits & 2 ? "first" : "last"}`),
  };
}

/** Columns by number, from what was read of them. */
export function columnNamesOf(
  relations: readonly { readonly key: number; readonly relation: Pick<Relation, "columns"> }[],
): ColumnNames {
  return new Map(
    relations.map(({ key, relation }) => [key, new Map(relation.columns.map(({ number, name }) => [number, name]))]),
  );
}

// A number without a name: the columns could not be read, which `unreadable` says.
function nameOf(names: ColumnNames, relation: number, number: number): string {
  return names.get(relation)?.get(number) ?? String(number);
}
