/**
 * Tenant ids: checked and brought into one canonical form before anything is sent, so that two spellings of one id
 * are one tenant (statement caches, hand-over resets and comparisons rely on it). Never echoes a refused id.
 */
import { failure } from "../errors/errors.ts";

/** The SQL type of the tenant column. */
export type TenantIdType = "uuid" | "bigint" | "text";

/** Upper limit of a tenant id in UTF-8 bytes; the database refuses longer ones as well. */
export const maxTenantIdBytes = 200;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const integer = /^-?[0-9]{1,19}$/;
const bigintLimit = 2n ** 63n;

/**
 * The canonical form of a tenant id.
 * @throws ContextError WT_TENANT_INVALID for anything that is not an id of that type.
 * @example canonicalTenantId('9B2F…', 'uuid') // lower case
 */
export function canonicalTenantId(tenant: unknown, type: TenantIdType): string {
  // Length first: a megabyte of input must not reach a regular expression.
  if (typeof tenant === "string" && tenant !== "" && tenant.length <= maxTenantIdBytes) {
    if (type === "uuid") {
      const lower = tenant.toLowerCase();
      if (uuid.test(lower)) return lower;
    } else if (type === "bigint") {
      const value = integer.test(tenant) ? BigInt(tenant) : bigintLimit;
      if (value < bigintLimit && value >= -bigintLimit) return value.toString();
    } else {
      const bytes = Buffer.from(tenant);
      // A lone surrogate is written as U+FFFD: two different ids would become one tenant.
      if (!tenant.includes("\0") && bytes.toString() === tenant && bytes.length <= maxTenantIdBytes) return tenant;
    }
  }
  throw failure("WT_TENANT_INVALID", { detail: `expected type ${type}` });
}
