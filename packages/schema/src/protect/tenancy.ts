/**
 * How a row's tenant is found, and the SQL that follows from it: the enforcing floor, the observing floor, and the expression by which
 * the probe function names a row's owner. Every column is written with its relation: an unqualified name in a policy's sub-select binds
 * inward and makes the policy true for everybody (B10).
 */
import { quoteName, quoteQualified, quoteText } from "../db/quote.ts";
import type { TenantType } from "./tenant-column.ts";

/** The table has the tenant column itself. */
export interface DirectTenancy {
  readonly kind: "column";
  readonly column: string;
  readonly type: TenantType;
}

/** The table reaches its tenant through a parent row. */
export interface DerivedTenancy {
  readonly kind: "parent";
  readonly schema: string;
  readonly table: string;
  /** Child column -> parent column. */
  readonly via: Readonly<Record<string, string>>;
  readonly parent: Tenancy;
}

/** How a row's tenant is found. */
export type Tenancy = DirectTenancy | DerivedTenancy;

/** The type in which this tenancy compares ids. */
export function tenantType(tenancy: Tenancy): TenantType {
  return tenancy.kind === "column" ? tenancy.type : tenantType(tenancy.parent);
}

/** The context's tenant in the column's type; the cast stands on the constant side, so that no row's value can fail in it (B18). */
function contextTenant(type: TenantType): string {
  return type === "text" ? "(select watertight.tenant_id())" : `(select watertight.tenant_id()::${type})`;
}

function join(tenancy: DerivedTenancy, parentAlias: string, row: string): string {
  return Object.entries(tenancy.via)
    .map(([child, parent]) => `${parentAlias}.${quoteName(parent)} = ${row}.${quoteName(child)}`)
    .join(" and ");
}

/** True for rows of the context's tenant. `row` is the SQL name of the relation. */
export function floorPredicate(tenancy: Tenancy, row: string): string {
  if (tenancy.kind === "column") return `${row}.${quoteName(tenancy.column)} = ${contextTenant(tenancy.type)}`;
  // the parent's own floor hides foreign parents inside this sub-select
  return `exists (select 1 from ${quoteQualified(tenancy.schema, tenancy.table)} watertight_parent where ${join(tenancy, "watertight_parent", row)})`;
}

/** The row's tenant as text. `row` is the SQL name of the relation. */
export function tenantExpression(tenancy: Tenancy, row: string, depth: number = 1): string {
  if (tenancy.kind === "column") return `${row}.${quoteName(tenancy.column)}::text`;
  const alias = `watertight_p${depth}`;
  return `(select ${tenantExpression(tenancy.parent, alias, depth + 1)} from ${quoteQualified(tenancy.schema, tenancy.table)} ${alias} where ${join(tenancy, alias, row)})`;
}

/** Always true; records rows that the enforcing floor would hide or refuse. Compared as text: a cast of a strange context could fail. */
export function observingPredicate(tenancy: Tenancy, schema: string, table: string): string {
  const row = quoteQualified(schema, table);
  const tenant = tenantExpression(tenancy, row);
  return `case when ${tenant} = (select watertight.observed_tenant()) then true else watertight.observed(${quoteText(row)}::regclass, ${tenant}) end`;
}
