/**
 * The kit's record of protected tables (watertight.protected), read and written.
 */
import type { KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import type { TenantColumns } from "./findings.ts";
import type { ExpectedPolicies } from "./plan-protect.ts";
import type { Mode } from "./policies.ts";
import type { PriorState } from "./prior-state.ts";
import type { DerivedTenancy, Tenancy } from "./tenancy.ts";
import type { TenantType } from "./tenant-column.ts";

/** One row of watertight.protected. */
export interface ProtectedRecord {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly column: string | null;
  readonly type: TenantType;
  readonly parent: number | null;
  readonly mode: Mode;
  readonly before: PriorState;
  readonly expected: ExpectedPolicies & { readonly via?: Record<string, string>; readonly root?: number };
}

type Reader = Pick<KitTransaction, "rows">;

/** All records whose table still exists, parents and roots before what rests on them. */
export async function protectedTables(tx: Reader): Promise<ProtectedRecord[]> {
  const rows = await tx.rows(
    `select p.relation::oid::bigint as oid, n.nspname::text as schema, c.relname::text as name, p.tenant_column::text as column, p.tenant_type as type,
            p.parent::oid::bigint as parent, p.mode, p.before, p.expected
       from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      order by p.protected_at, p.relation::oid`,
  );
  return rows.map(
    (row) =>
      ({ ...row, oid: Number(row.oid), parent: row.parent === null ? null : Number(row.parent) }) as ProtectedRecord,
  );
}

/** Tenant columns of protected tables, by `schema.table`. */
export function knownColumns(records: readonly ProtectedRecord[]): TenantColumns {
  return new Map(
    records.flatMap((record) =>
      record.column === null ? [] : [[`${record.schema}.${record.name}`, record.column] as const],
    ),
  );
}

/** The tenancy of a recorded table, with its whole chain of parents. */
export function recordedTenancy(records: readonly ProtectedRecord[], oid: number): Tenancy {
  const record = records.find((each) => each.oid === oid);
  if (!record) throw kitError("WT_KIT_PARENT");
  if (record.column !== null) return { kind: "column", column: record.column, type: record.type };
  return derive(records, record.parent ?? 0, record.expected.via ?? {});
}

/** Derived tenancy over a protected parent. */
export function derive(
  records: readonly ProtectedRecord[],
  parent: number,
  via: Readonly<Record<string, string>>,
): DerivedTenancy {
  const record = records.find((each) => each.oid === parent);
  if (!record) throw kitError("WT_KIT_PARENT");
  return { kind: "parent", schema: record.schema, table: record.name, via, parent: recordedTenancy(records, parent) };
}

/** What is written for one relation. */
export interface NewRecord {
  readonly oid: number;
  readonly tenancy: Tenancy;
  readonly type: TenantType;
  readonly parent: number | undefined;
  readonly tenantSql: string;
  readonly mode: Mode;
  readonly before: PriorState;
  readonly expected: ProtectedRecord["expected"];
}

/** Writes a record; the prior state of an existing one stays, only the list of indexes grows. */
export async function writeRecord(tx: KitTransaction, record: NewRecord): Promise<void> {
  await tx.rows(
    `insert into watertight.protected as p (relation, tenant_column, tenant_type, tenant_sql, parent, mode, before, expected)
     values ($1::bigint::oid::regclass, $2, $3, $4, $5::bigint::oid::regclass, $6, $7::jsonb, $8::jsonb)
     on conflict (relation) do update set tenant_column = excluded.tenant_column, tenant_type = excluded.tenant_type, tenant_sql = excluded.tenant_sql,
       parent = excluded.parent, mode = excluded.mode, before = excluded.before, expected = excluded.expected
     where (p.tenant_column, p.tenant_type, p.tenant_sql, p.parent, p.mode, p.before, p.expected)
       is distinct from (excluded.tenant_column, excluded.tenant_type, excluded.tenant_sql, excluded.parent, excluded.mode, excluded.before, excluded.expected)`,
    [
      record.oid,
      record.tenancy.kind === "column" ? record.tenancy.column : null,
      record.type,
      record.tenantSql,
      record.parent ?? null,
      record.mode,
      JSON.stringify(record.before),
      JSON.stringify(record.expected),
    ],
  );
}
