/**
 * Which column holds the tenant? Named by the caller, or found by its name when exactly one candidate exists. Must never guess between two:
 * a table with org_id and account_id protected by the wrong one looks safe and is not.
 */
import { kitError } from "../errors/kit-error.ts";
import type { Column } from "./facts.ts";

/** How tenant ids are compared. */
export type TenantType = "uuid" | "bigint" | "text";

/** Names that mean "tenant" in the field, best known first. */
export const tenantColumnNames: readonly string[] = [
  "tenant_id",
  "tenantid",
  "tenant",
  "organization_id",
  "organisation_id",
  "org_id",
  "orgid",
  "organizationid",
  "account_id",
  "accountid",
  "workspace_id",
  "workspaceid",
  "company_id",
  "companyid",
];

const types: Readonly<Record<string, TenantType>> = {
  uuid: "uuid",
  int4: "bigint",
  int8: "bigint",
  text: "text",
  varchar: "text",
};

/** The tenant column and its type. */
export interface TenantColumn {
  readonly column: Column;
  readonly type: TenantType;
}

/** Columns that could hold the tenant, by name. */
function tenantCandidates(columns: readonly Column[], names: readonly string[] = tenantColumnNames): Column[] {
  // "Tenant Id", tenantId and TENANT_ID are the same word
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const wanted = new Set(names.map(plain));
  return columns.filter((column) => wanted.has(plain(column.name)));
}

/**
 * Finds the column. `names` are the names that count when none is given: those used by tables already protected, or the usual ones.
 * @throws KitError WT_KIT_TENANT_COLUMN, WT_KIT_TENANT_TYPE
 */
export function findTenantColumn(
  table: string,
  columns: readonly Column[],
  options: { tenantColumn?: string | undefined; tenantType?: TenantType | undefined; names?: readonly string[] },
): TenantColumn {
  const column =
    options.tenantColumn === undefined
      ? soleCandidate(table, columns, options.names)
      : columns.find((each) => each.name === options.tenantColumn);
  if (!column)
    throw kitError("WT_KIT_TENANT_COLUMN", {
      detail: `${table} has no column ${JSON.stringify(options.tenantColumn)}`,
    });
  const type = types[column.type];
  if (type === undefined) throw kitError("WT_KIT_TENANT_TYPE", { detail: `${table}.${column.name} is ${column.type}` });
  if (options.tenantType !== undefined && options.tenantType !== type)
    throw kitError("WT_KIT_TENANT_TYPE", {
      detail: `${table}.${column.name} is ${column.type}, not ${options.tenantType}`,
    });
  // B14: under such a collation 'acme' and 'ACME' are one tenant to the policy and two to the application
  if (!column.deterministic)
    throw kitError("WT_KIT_TENANT_TYPE", { detail: `${table}.${column.name} has a nondeterministic collation` });
  return { column, type };
}

function soleCandidate(table: string, columns: readonly Column[], names: readonly string[] | undefined): Column {
  const found = tenantCandidates(columns, names);
  const [only] = found;
  if (found.length === 1 && only) return only;
  throw kitError("WT_KIT_TENANT_COLUMN", {
    detail:
      found.length === 0
        ? `${table} has no column with a usual name such as tenant_id, org_id, account_id`
        : `${table} has ${found.map((each) => each.name).join(" and ")}`,
  });
}
