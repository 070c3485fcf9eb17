// The whole company register of the demonstration: tenants of very different sizes, their logins and all their rows, from one seed.
// Pure: no clock, no machine, no order of calls comes in; the same options give the same rows everywhere.
import { createHash } from "node:crypto";
import { canaryCode } from "./canary.ts";
import { stream } from "./random.ts";
import { tableNames } from "./tables.ts";
import type { Row, TableName } from "./tables.ts";
import { writeTenantRows } from "./tenant-rows.ts";
import type { Member } from "./tenant-rows.ts";
import { companyNames, firstNames, lastNames, legalForms, trades } from "./words.ts";

/** Owner of rows that all tenants share, where a hole puts such rows into a tenants' table: no company has this id. */
export const SHARED_TENANT = "00000000-0000-0000-0000-000000000000";
/** Every demonstration login has it. A real application stores scrypt or argon2 digests and no such thing. */
export const DEMO_PASSWORD = "harbour-demo";

export interface GenerateOptions {
  seed: string;
  tenants: number;
  /** Invoices over all tenants; everything else follows in proportion, about eight rows for each. */
  invoices: number;
}

export interface Company {
  id: string;
  slug: string;
  name: string;
  code: string;
  members: readonly Member[];
}

export interface Dataset {
  options: GenerateOptions;
  companies: readonly Company[];
  tables: Readonly<Record<TableName, readonly Row[]>>;
  rowCount: number;
}

export const defaultOptions: GenerateOptions = { seed: "harbour-1", tenants: 50, invoices: 15_000 };

/** How many invoices each tenant has: a few large tenants, many small ones, as in every SaaS. */
function tenantSizes(tenants: number, invoices: number): number[] {
  const weights = Array.from({ length: tenants }, (_, i) => 1 / (i + 1) ** 0.9);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => Math.max(12, Math.round((invoices * weight) / sum)));
}

const roles: readonly Member["role"][] = ["owner", "technician", "dispatcher", "accountant"];

export function generate(options: GenerateOptions = defaultOptions): Dataset {
  const { seed } = options;
  const tables = Object.fromEntries(tableNames.map((name) => [name, [] as Row[]])) as unknown as Record<
    TableName,
    Row[]
  >;
  const add = <T extends TableName>(table: T, row: Row<T>): void => {
    tables[table].push(row as Row);
  };
  const created_at = "2025-12-01T08:00:00.000Z";
  add("plans", { id: 1, name: "Dinghy", monthly_price_cents: 4900, max_users: 5 });
  add("plans", { id: 2, name: "Tug", monthly_price_cents: 19900, max_users: 25 });
  add("plans", { id: 3, name: "Freighter", monthly_price_cents: 79900, max_users: 500 });
  for (const [i, name] of [
    "House: reminder",
    "House: quote",
    "House: terms of payment",
    "House: privacy notice",
  ].entries()) {
    add("house_templates", {
      id: stream(seed, "house", i).uuid(),
      name,
      body: `${name}. For every tenant of Harbour.`,
      created_at,
    });
  }
  const companies = tenantSizes(options.tenants, options.invoices).map((invoices, number) => {
    const random = stream(seed, "tenant", number);
    const first = companyNames[number % companyNames.length]!;
    const trade = trades[(number * 7) % trades.length]!;
    const slug =
      `${first}-${trade}`
        .toLowerCase()
        .normalize("NFKD")
        .replaceAll(/\p{M}/gu, "")
        .replaceAll(/[^a-z]+/g, "-") + (number < companyNames.length ? "" : `-${number}`);
    const company: Company = {
      id: random.uuid(),
      slug,
      name: `${first} ${trade} ${random.pick(legalForms)}`,
      code: canaryCode(seed, number),
      members: Array.from({ length: Math.max(3, Math.min(40, Math.round(invoices / 60))) }, (_, i) => {
        const name = `${firstNames[(number + i * 3) % firstNames.length]!} ${lastNames[(number * 5 + i * 7 + Math.floor(i / 20)) % lastNames.length]!}`;
        return { userId: random.uuid(), name, email: `user${i + 1}@${slug}.example`, role: roles[Math.min(i, 3)]! };
      }),
    };
    add("tenants", {
      id: company.id,
      slug,
      name: company.name,
      plan_id: invoices > 400 ? 3 : invoices > 100 ? 2 : 1,
      created_at,
    });
    for (const member of company.members) {
      const salt = random.uuid().slice(0, 8);
      const digest = createHash("sha256")
        .update(salt + DEMO_PASSWORD)
        .digest("hex");
      add("users", { id: member.userId, email: member.email, salt, digest, created_at });
    }
    writeTenantRows(
      { seed, number, id: company.id, slug, code: company.code, invoices, members: company.members },
      add,
    );
    return company;
  });
  return { options, companies, tables, rowCount: Object.values(tables).reduce((sum, rows) => sum + rows.length, 0) };
}
