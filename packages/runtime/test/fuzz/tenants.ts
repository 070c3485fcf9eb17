/**
 * The tenants of the fuzz and the judgement of replies: every row and every text carries its tenant, so one look says
 * whose it is. Must never need to know what a handler did: a reply is judged by who asked.
 */

export interface Tenant {
  readonly number: number;
  readonly id: string;
  readonly canary: string;
}

export const tenantCount = 24;
export const rowsPerTenant = 5;
/** Rows per tenant that belong to the kinds that are about row locks, so that they never hold up the others. */
export const heldRow = 4;

export const tenants: readonly Tenant[] = Array.from({ length: tenantCount }, (_, number) => ({
  number,
  id: `f0220000-0000-4000-8000-${String(number).padStart(12, "0")}`,
  canary: `canary-${number}-x`,
}));

/** Rows or text of somebody else in a reply. */
export interface Foreign {
  readonly owner: string;
  readonly where: "row" | "error";
  readonly evidence: string;
}

interface Reply {
  readonly rows?: readonly unknown[];
}

/** What in a reply does not belong to `asking`; without an asking tenant every row is foreign. */
export function foreignInReply(reply: unknown, asking: Tenant | undefined): Foreign | undefined {
  if (Array.isArray(reply)) {
    for (const one of reply) {
      const found = foreignInReply(one, asking);
      if (found) return found;
    }
    return undefined;
  }
  for (const row of (reply as Reply | undefined)?.rows ?? []) {
    const { tenant_id, body } = row as { tenant_id?: string; body?: string };
    if (tenant_id !== undefined && tenant_id !== asking?.id)
      return { owner: tenant_id, where: "row", evidence: JSON.stringify(row) };
    if (body !== undefined && asking !== undefined && body !== asking.canary)
      return { owner: body, where: "row", evidence: JSON.stringify(row) };
  }
  return undefined;
}

const marks = /canary-(\d+)-x|f0220000-0000-4000-8000-(\d{12})/g;

/** Another tenant's marks in an error, its causes included. */
export function foreignInError(error: unknown, allowed: readonly (Tenant | undefined)[]): Foreign | undefined {
  for (let depth = 0; depth < 4 && typeof error === "object" && error !== null; depth++) {
    const e = error as {
      message?: string;
      detail?: string;
      hint?: string;
      where?: string;
      internalQuery?: string;
      cause?: unknown;
    };
    const text = `${e.message}\n${e.detail}\n${e.hint}\n${e.where}\n${e.internalQuery}`;
    for (const match of text.matchAll(marks)) {
      const owner = Number(match[1] ?? match[2]);
      if (!allowed.some((tenant) => tenant?.number === owner))
        return { owner: String(owner), where: "error", evidence: text };
    }
    error = e.cause;
  }
  return undefined;
}
