/**
 * Puts a table under the kit: plans from the live catalog, runs the plan in one transaction, remembers what was there before and what the
 * policies look like now. Must never leave a table half protected, and never guess the tenant column.
 */
import type { Queryable } from "../db/queryable.ts";
import { quoteName, quoteQualified } from "../db/quote.ts";
import { withMembership } from "../db/membership.ts";
import type { KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import type { InstalledKit } from "../install/installed.ts";
import { recordChange } from "../install/record-change.ts";
import { withKit } from "../install/with-kit.ts";
import { descendants, readFacts, type TableFacts } from "./facts.ts";
import { findTable } from "./find-table.ts";
import type { Finding } from "./findings.ts";
import { planProtect, type ProtectInput, type ProtectPlan, recordedType } from "./plan-protect.ts";
import type { Mode } from "./policies.ts";
import { takeState } from "./prior-state.ts";
import {
  derive,
  knownColumns,
  protectedTables,
  type ProtectedRecord,
  recordedTenancy,
  writeRecord,
} from "./records.ts";
import { schemaAccess, writeSchemaAccess } from "./schema-access.ts";
import type { Tenancy } from "./tenancy.ts";
import { findTenantColumn, type TenantType } from "./tenant-column.ts";

/** How to protect a table. */
export interface ProtectOptions {
  /** The table, as SQL would name it: `projects`, `app."Odd Name"`. */
  readonly table: string;
  /** The column that holds the tenant; found by its name when exactly one candidate exists. */
  readonly tenantColumn?: string;
  /** Refuse the table unless its tenant column has this type. */
  readonly tenantType?: TenantType;
  /** For a table without tenant column: the protected table whose row decides, and the columns that lead there (default: the foreign key). */
  readonly parent?: { readonly table: string; readonly via?: Readonly<Record<string, string>> };
  /** `observe` records what would be refused, `enforce` (default) refuses it. A protected table keeps its mode unless told. */
  readonly mode?: Mode;
  /** Make an index led by the tenant column where none exists; default true. */
  readonly index?: boolean;
  /** Plan only: nothing is executed. */
  readonly dryRun?: boolean;
  /** How long to wait for the table's lock, milliseconds; default 5,000. */
  readonly lockTimeoutMs?: number;
}

/** What was (or would be) done. */
export interface ProtectReport {
  readonly table: string;
  readonly mode: Mode;
  readonly tenantColumn: string | null;
  readonly tenantType: string;
  /** Statements that ran; empty when the table was as it should be. */
  readonly sql: string[];
  readonly findings: Finding[];
}

/**
 * Protects a table, its partitions included; protecting it again repairs what drifted.
 * @example await protectTable(client, { table: "projects" });
 * @throws KitError WT_KIT_TABLE, WT_KIT_TENANT_COLUMN, WT_KIT_TENANT_TYPE, WT_KIT_TENANT_NULLS, WT_KIT_PARENT, WT_KIT_NOT_INSTALLED
 */
export async function protectTable(db: Queryable, options: ProtectOptions): Promise<ProtectReport> {
  const found = await findTable(db, options.table);
  const parent = options.parent && { oid: (await findTable(db, options.parent.table)).oid, via: options.parent.via };
  return withKit(db, options.dryRun ?? false, async (tx, kit) => {
    const records = await protectedTables(tx);
    const tables = await readFacts(tx, await descendants(tx, found.oid));
    const [root] = tables;
    if (!root) throw kitError("WT_KIT_TABLE", { detail: options.table });
    const { tenancy, parentOid } = decideTenancy(root, options, parent, records);
    const recorded = records.find((each) => each.oid === root.oid);
    const mode = options.mode ?? recorded?.mode ?? "enforce";
    await checkParent(tx, tenancy, parentOid, mode, records);
    const input: ProtectInput = {
      tables,
      tenancy,
      mode,
      index: options.index ?? true,
      roles: { ...pick(kit), ...(kit.hasProber ? { prober: kit.roles.prober } : {}) },
      known: await tenantColumns(tx, records, tenancy),
      recorded: new Map(records.map((each) => [each.oid, each])),
    };
    const plan = planProtect(input);
    const access = mode === "enforce" ? await schemaAccess(tx, root.schema, kit) : [];
    const sql = [...access.map((grant) => grant.sql), ...plan.sql];
    if (!options.dryRun) {
      await tx.rows("select pg_catalog.set_config('lock_timeout', $1, true)", [String(options.lockTimeoutMs ?? 5000)]);
      await withMembership(tx, [...new Set(tables.map((each) => each.owner))], () =>
        execute(tx, input, plan, access, records, parentOid),
      );
      if (sql.length > 0)
        await recordChange(tx, mode === "observe" ? "observe" : "protect", quoteQualified(root.schema, root.name), {});
    }
    return {
      table: quoteQualified(root.schema, root.name),
      mode,
      tenantColumn: tenancy.kind === "column" ? tenancy.column : null,
      tenantType: recordedType(tenancy),
      sql,
      findings: plan.findings,
    };
  });
}

function pick(kit: InstalledKit): { owner: string; app: string; readonly: string } {
  return { owner: kit.roles.owner, app: kit.roles.app, readonly: kit.roles.readonly };
}

function decideTenancy(
  root: TableFacts,
  options: ProtectOptions,
  parent: { oid: number; via: Readonly<Record<string, string>> | undefined } | undefined,
  records: readonly ProtectedRecord[],
): { tenancy: Tenancy; parentOid: number | undefined } {
  const recorded = records.find((each) => each.oid === root.oid);
  if (parent) {
    const record = records.find((each) => each.oid === parent.oid);
    if (!record) throw kitError("WT_KIT_PARENT", { detail: options.parent?.table ?? "" });
    return { tenancy: derive(records, parent.oid, parent.via ?? soleForeignKey(root, record)), parentOid: parent.oid };
  }
  if (recorded && options.tenantColumn === undefined)
    return { tenancy: recordedTenancy(records, root.oid), parentOid: recorded.parent ?? undefined };
  // what the other tables call their tenant is a better guess than any list of names
  const used = [...new Set(records.flatMap((each) => each.column ?? []))];
  const names = used.some((name) => root.columns.some((column) => column.name === name)) ? { names: used } : {};
  const { column, type } = findTenantColumn(`${root.schema}.${root.name}`, root.columns, {
    tenantColumn: options.tenantColumn,
    tenantType: options.tenantType,
    ...names,
  });
  return { tenancy: { kind: "column", column: column.name, type }, parentOid: undefined };
}

function soleForeignKey(root: TableFacts, parent: ProtectedRecord): Record<string, string> {
  const keys = root.foreignKeys.filter((fk) => fk.refSchema === parent.schema && fk.refTable === parent.name);
  const [fk] = keys;
  if (keys.length !== 1 || !fk)
    throw kitError("WT_KIT_PARENT", {
      detail: `${keys.length} foreign keys lead from ${root.name} to ${parent.name}`,
      next: "Name the columns: --via child_column=parent_column",
    });
  return Object.fromEntries(fk.columns.map((column, at) => [column, fk.refColumns[at]!]));
}

// A parent whose key repeats across tenants would show one child row to several of them; an observed parent hides nothing from its children.
async function checkParent(
  tx: KitTransaction,
  tenancy: Tenancy,
  parentOid: number | undefined,
  mode: Mode,
  records: readonly ProtectedRecord[],
): Promise<void> {
  if (tenancy.kind !== "parent" || parentOid === undefined) return;
  const record = records.find((each) => each.oid === parentOid);
  if (mode === "enforce" && record?.mode === "observe")
    throw kitError("WT_KIT_PARENT", {
      detail: `${record.name} is only observed`,
      next: `Run: watertight kit enforce ${record.name}`,
    });
  const [facts] = await readFacts(tx, [parentOid]);
  const columns = Object.values(tenancy.via);
  const unique = facts?.indexes.some(
    (index) =>
      index.unique &&
      index.valid &&
      !index.partial &&
      index.columns.every((column) => column !== null && columns.includes(column)),
  );
  if (!unique)
    throw kitError("WT_KIT_PARENT", {
      detail: `${tenancy.table} (${columns.join(", ")}) is not unique, so a child row could belong to several tenants`,
    });
}

// Tables that are not protected (yet) but have a column of the same name are tenants' tables too, as far as foreign keys are concerned.
async function tenantColumns(
  tx: KitTransaction,
  records: readonly ProtectedRecord[],
  tenancy: Tenancy,
): Promise<ProtectInput["known"]> {
  const known = new Map(knownColumns(records));
  if (tenancy.kind !== "column") return known;
  const rows = await tx.rows(
    `select n.nspname || '.' || c.relname as name from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace where a.attname = $1 and a.attnum > 0 and not a.attisdropped`,
    [tenancy.column],
  );
  for (const row of rows) if (!known.has(row.name)) known.set(row.name, tenancy.column);
  return known;
}

async function execute(
  tx: KitTransaction,
  input: ProtectInput,
  plan: ProtectPlan,
  access: Awaited<ReturnType<typeof schemaAccess>>,
  records: readonly ProtectedRecord[],
  parentOid: number | undefined,
): Promise<void> {
  const columns = input.tenancy.kind === "column" ? [input.tenancy.column] : Object.keys(input.tenancy.via);
  await writeSchemaAccess(tx, access);
  for (const relation of plan.relations)
    for (const statement of relation.statements) await runStatement(tx, statement, input, columns);
  const after = await readFacts(
    tx,
    plan.relations.map((relation) => relation.oid),
  );
  for (const [at, relation] of plan.relations.entries()) {
    const facts = input.tables[at]!;
    const before = records.find((each) => each.oid === relation.oid)?.before ?? takeState(facts, columns);
    const policies = after[at]!.policies.filter((policy) => policy.name.startsWith("watertight_"));
    await writeRecord(tx, {
      oid: relation.oid,
      tenancy: input.tenancy,
      type: recordedType(input.tenancy) as TenantType,
      parent: parentOid,
      tenantSql: relation.tenantSql,
      mode: input.mode,
      before: { ...before, indexes: [...before.indexes, ...relation.indexes] },
      expected: {
        sql: relation.floor,
        policies,
        ...(input.tenancy.kind === "parent" ? { via: { ...input.tenancy.via } } : {}),
        ...(at === 0 ? {} : { root: plan.relations[0]!.oid }),
      },
    });
  }
}

async function runStatement(
  tx: KitTransaction,
  statement: string,
  input: ProtectInput,
  columns: readonly string[],
): Promise<void> {
  try {
    await tx.run(statement);
  } catch (error) {
    if ((error as { code?: string }).code !== "23502") throw error;
    const { schema, name } = input.tables[0]!;
    const table = quoteQualified(schema, name);
    const column = quoteName(columns[0] ?? "");
    throw kitError("WT_KIT_TENANT_NULLS", {
      detail: table,
      next: `Fill them, then protect again: update ${table} set ${column} = <tenant> where ${column} is null;`,
      cause: error,
    });
  }
}
