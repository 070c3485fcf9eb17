// Who plays: the honest users of two tenants, the intruder inside the first, and what the intruder knows about the second.
import type { Company, Dataset } from "../data/generate.ts";
import type { Targets } from "../intruder/scene.ts";

export interface Cast {
  /** Tenant A: an honest user, and the intruder. */
  a: Company;
  /** Tenant B: the victim. */
  b: Company;
  targets: Targets;
}

type Fields = { tenant_id?: string; id: string; invoice_id?: string; email?: string };

export function castOf(dataset: Dataset, aNumber = 2, bNumber = 3): Cast {
  const a = dataset.companies[aNumber]!;
  const b = dataset.companies[bNumber]!;
  return { a, b, targets: targetsIn(dataset, b) };
}

/** What an intruder could know about a company. */
export function targetsIn({ tables }: Dataset, { id: tenant }: Company): Targets {
  const theirs = (rows: readonly unknown[]): Fields[] => (rows as Fields[]).filter((row) => row.tenant_id === tenant);
  const customers = theirs(tables.customers);
  return {
    tenant,
    invoices: theirs(tables.invoices)
      .slice(0, 5)
      .map((row) => row.id),
    attachment: theirs(tables.attachments)[0]!.id,
    customer: customers[1]!.id,
    knownEmail: customers[0]!.email!,
  };
}
