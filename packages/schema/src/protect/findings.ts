/**
 * What row security on this one table does not cover: keys that cross tenants, and objects that read the table above row security.
 * Reported with the SQL that would help, never applied: each one changes the application's own schema.
 */
import { quoteName, quoteQualified } from "../db/quote.ts";
import type { ForeignKey, TableFacts } from "./facts.ts";
import type { Tenancy } from "./tenancy.ts";

/** Something that remains open on a protected table. */
export interface Finding {
  /** Leak vector, as in docs. */
  readonly vectorId: string;
  readonly severity: "high" | "medium" | "low" | "info";
  /** `schema.table` or the object's name. */
  readonly object: string;
  readonly title: string;
  readonly detail: string;
  /** Suggested SQL or the next step. */
  readonly fix: string;
}

/** The tenant column of tables that have one, by `schema.table`; from the kit's record. */
export type TenantColumns = ReadonlyMap<string, string>;

const key = (schema: string, table: string): string => `${schema}.${table}`;
const list = (columns: readonly string[]): string => columns.map(quoteName).join(", ");
const actions: Readonly<Record<string, string>> = {
  c: "cascade",
  n: "set null",
  d: "set default",
  r: "restrict",
  a: "no action",
};

/** All findings of one table. */
export function findings(facts: TableFacts, tenancy: Tenancy, known: TenantColumns): Finding[] {
  const column = tenancy.kind === "column" ? tenancy.column : undefined;
  const tenants = new Map(known);
  if (column !== undefined) tenants.set(key(facts.schema, facts.name), column);
  const keys = [...facts.foreignKeys, ...facts.referencedBy];
  return [
    ...keys.flatMap((fk) => foreignKeyFinding(fk, tenants)),
    ...(column === undefined ? [] : nullableFindings(facts, column)),
    ...(column === undefined ? [] : uniqueFindings(facts, column)),
    ...(column !== undefined && facts.columns.find((each) => each.name === column)?.hasDefault
      ? [defaultFinding(facts, column)]
      : []),
    ...facts.dependents.flatMap((each) => dependentFinding(facts, each)),
    ...(facts.extension === null ? [] : [extensionFinding(facts)]),
  ];
}

function foreignKeyFinding(fk: ForeignKey, tenants: TenantColumns): Finding[] {
  const from = tenants.get(key(fk.schema, fk.table));
  const to = tenants.get(key(fk.refSchema, fk.refTable));
  if (from === undefined || to === undefined) return [];
  const at = fk.columns.indexOf(from);
  if (at >= 0 && fk.refColumns[at] === to) return [];
  const child = quoteQualified(fk.schema, fk.table);
  const parent = quoteQualified(fk.refSchema, fk.refTable);
  const crossing = ["c", "n", "d"].includes(fk.onDelete) || ["c", "n", "d"].includes(fk.onUpdate);
  const rule = `on delete ${actions[fk.onDelete]} on update ${actions[fk.onUpdate]}`;
  // set null on the pair would null the tenant as well
  const columns = fk.columns.filter((each) => each !== from);
  const action = fk.onDelete === "n" ? `on delete set null (${list(columns)}) on update ${actions[fk.onUpdate]}` : rule;
  return [
    {
      vectorId: crossing ? "E2" : "E1",
      severity: "high",
      object: `${child} ${fk.name}`,
      title: crossing
        ? "A foreign key action reaches rows of another tenant"
        : "A foreign key accepts ids of another tenant",
      detail: `${fk.name} (${fk.columns.join(", ")}) references ${parent} (${fk.refColumns.join(", ")}) without the tenant; foreign keys are checked above row security`,
      fix: `alter table ${parent} add unique (${list([to, ...fk.refColumns.filter((each) => each !== to)])});
alter table ${child} drop constraint ${quoteName(fk.name)}, add constraint ${quoteName(fk.name)} foreign key (${list([from, ...columns])}) references ${parent} (${list([to, ...fk.refColumns.filter((each) => each !== to)])}) ${action};`,
    },
  ];
}

// MATCH SIMPLE lets a row through as soon as one column of the key is null: (null, B's id) is accepted
function nullableFindings(facts: TableFacts, column: string): Finding[] {
  if (facts.columns.find((each) => each.name === column)?.notNull !== false) return [];
  return facts.foreignKeys
    .filter((fk) => fk.columns.length > 1 && fk.columns.includes(column) && !fk.matchFull)
    .map((fk) => ({
      vectorId: "E4",
      severity: "medium",
      object: `${quoteQualified(facts.schema, facts.name)} ${fk.name}`,
      title: "A composite foreign key is not checked while the tenant is null",
      detail: `${fk.name} accepts ids of another tenant in rows without a tenant; enforcing makes the column NOT NULL`,
      fix: `alter table ${quoteQualified(facts.schema, facts.name)} alter column ${quoteName(column)} set not null;`,
    }));
}

function uniqueFindings(facts: TableFacts, column: string): Finding[] {
  const types = new Map(facts.columns.map((each) => [each.name, each.type]));
  return facts.indexes
    .filter((index) => (index.unique || index.exclusion) && !index.columns.includes(column))
    .map((index): Finding => {
      const names = index.columns.filter((each) => each !== null);
      // nobody guesses a random uuid, so its uniqueness tells nothing
      const uuidOnly = names.length === index.columns.length && names.every((each) => types.get(each) === "uuid");
      return {
        vectorId: "E5",
        severity: uuidOnly ? "info" : "medium",
        object: `${quoteQualified(facts.schema, facts.name)} ${index.name}`,
        title: "A unique key spans all tenants",
        detail: `${index.name} (${index.columns.map((each) => each ?? "expression").join(", ")}) tells one tenant by error 23505 which values others use`,
        fix: index.primary
          ? `alter table ${quoteQualified(facts.schema, facts.name)} drop constraint ${quoteName(index.name)}, add primary key (${list([column, ...names])});`
          : `create unique index on ${quoteQualified(facts.schema, facts.name)} (${list([column, ...names])}); -- then drop ${quoteName(index.name)}`,
      };
    });
}

function defaultFinding(facts: TableFacts, column: string): Finding {
  const table = quoteQualified(facts.schema, facts.name);
  return {
    vectorId: "B15",
    severity: "low",
    object: `${table} ${column}`,
    title: "The tenant column has a default",
    detail:
      "a forgotten tenant is filled in silently; the floor refuses it unless the default is the context's own tenant",
    fix: `alter table ${table} alter column ${quoteName(column)} drop default;`,
  };
}

function dependentFinding(facts: TableFacts, each: TableFacts["dependents"][number]): Finding[] {
  const reads = `reads ${quoteQualified(facts.schema, facts.name)}`;
  if (each.kind === "materialized view")
    return [
      {
        vectorId: "D3",
        severity: "high",
        object: each.name,
        title: "A materialized view copies the table's rows",
        detail: `${each.name} ${reads}; materialized views cannot have row security`,
        fix: `revoke all on ${each.name} from public; -- and serve it through a function that filters by watertight.tenant_id()`,
      },
    ];
  if (!each.ownerBypasses) return [];
  if (each.kind === "function")
    return [
      {
        vectorId: "D4",
        severity: "high",
        object: each.name,
        title: "A security definer function may read the table above row security",
        detail: `${each.name} belongs to ${each.owner}, who bypasses row security, and its body names the table`,
        fix: `alter function ${each.name} owner to a role without BYPASSRLS, or security invoker;`,
      },
    ];
  if (each.invoker) return [];
  return [
    {
      vectorId: "D1",
      severity: "high",
      object: each.name,
      title: "A view reads the table above row security",
      detail: `${each.name} ${reads} as ${each.owner}, who bypasses row security`,
      fix: `alter view ${each.name} set (security_invoker = true);`,
    },
  ];
}

function extensionFinding(facts: TableFacts): Finding {
  return {
    vectorId: "A15",
    severity: "medium",
    object: quoteQualified(facts.schema, facts.name),
    title: "The table belongs to an extension",
    detail: `an upgrade of ${facts.extension} may replace the table and lose its policies`,
    fix: "Run kit status after every upgrade of the extension.",
  };
}
