/**
 * The tenants of the model and what each of them must see. Ids are hostile on purpose: they differ in case, in a
 * trailing blank, in Unicode normalisation only, look like patterns, quotes and placeholders, or are as long as may be.
 */

export const tenantIds: readonly string[] = [
  "a",
  "a1",
  "A",
  "a ",
  "a%",
  "a'",
  "*",
  "${x}",
  "$1",
  "\u00e9",
  "e\u0301",
  "n".repeat(63),
  "n".repeat(64),
  "\u00fc".repeat(100),
  "'; drop table entry; --",
  '{"tenant":"a"}',
];

export interface Entry {
  readonly body: string;
  readonly n: number;
}

export interface TenantModel {
  readonly index: number;
  readonly id: string;
  readonly entries: Map<number, Entry>;
  suspended: boolean;
}

export interface Oracle {
  readonly tenants: readonly TenantModel[];
  /** Makes every body unique, so that an old row is never taken for a new one. */
  writes: number;
}

export function emptyOracle(): Oracle {
  return { tenants: tenantIds.map((id, index) => ({ index, id, entries: new Map(), suspended: false })), writes: 0 };
}

/** A body that says whose it is. */
export function nextBody(oracle: Oracle, tenant: TenantModel): string {
  return `mark-${tenant.index}-${++oracle.writes}.`;
}

/** A tenant's rows as the database must list them. */
export function rowsOf(tenant: TenantModel): { id: number; body: string; n: number }[] {
  return [...tenant.entries].sort(([a], [b]) => a - b).map(([id, { body, n }]) => ({ id, body, n }));
}

const mark = /mark-(\d+)-\d+\./g;

/** @throws when a reply or an error holds another tenant's mark */
export function refuseForeignMarks(tenant: TenantModel, thing: unknown): void {
  const text = thing instanceof Error ? errorText(thing) : JSON.stringify(thing);
  for (const match of text.matchAll(mark))
    if (Number(match[1]) !== tenant.index) throw new Error(`tenant ${tenant.index} was shown ${match[0]} in ${text}`);
}

function errorText(error: unknown): string {
  const parts: string[] = [];
  for (let depth = 0; depth < 4 && typeof error === "object" && error !== null; depth++) {
    const e = error as {
      message?: string;
      detail?: string;
      hint?: string;
      where?: string;
      stack?: string;
      cause?: unknown;
    };
    parts.push(`${e.message} ${e.detail} ${e.hint} ${e.where} ${e.stack}`);
    error = e.cause;
  }
  return parts.join("\n");
}
