// The seams of the application: everything that decides WHOSE data a handler can reach. Handlers only ask; the shipped parts
// (shipped-parts.ts) answer through the tenant pool, and each hole (holes/) swaps one part for the mistake people really make.
import type { Identity, TokenAuthority } from "./identity.ts";

export type Fields = Record<string, unknown>;
export type Query = (text: string, values?: unknown[]) => Promise<Fields[]>;

/** One name for each kind of access, so that a hole can open exactly one of them. */
export const areas = [
  "login",
  "invoices",
  "invoiceById",
  "lines",
  "attachments",
  "comments",
  "customers",
  "search",
  "technicians",
  "templates",
  "plan",
  "totals",
  "revenue",
  "events",
  "jobs",
  "dashboard",
  "background",
  "worker",
  "customReport",
  "savedReport",
  "exportInvoices",
  "exportSites",
] as const;
export type Area = (typeof areas)[number];

export interface Parts {
  readonly authority: TokenAuthority;
  /** The verified caller of a request. */
  identify(headers: Headers): Promise<Identity>;
  readonly query: Readonly<Record<Area, Query>>;
  /** Several statements, all or none. */
  atomically<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** Runs background work that belongs to a tenant. */
  inJob<T>(tenant: string, work: () => Promise<T>): Promise<T>;
  /** Tells the operator that an id found nothing, and the caller only that. Always throws. */
  notFound(relation: string, key: Record<string, string>): Promise<never>;
  cacheKey(name: string, tenant: string): string;
  /** The relation that holds the events of a quarter such as `2026_q1`. */
  eventsOf(quarter: string): string;
  /** The relation behind the revenue report. */
  readonly revenueRelation: string;
}
