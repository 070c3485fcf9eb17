/**
 * The rule by which a server's budget is leased out. Pure, for every store of leases. What must hold at all times: what the instances hold, or may
 * still open, plus the static shares of those that nobody hears of, is never more than the budget.
 */
import { fairShares } from "../fair/fair-share.ts";
import { type LeaseGrant, type LeaseRequest, staticShare } from "./budget-lease.ts";

/** How one server's budget is leased. */
export interface LeasePolicy {
  readonly budget: number;
  /** Most instances at once. Any of them may be cut off from the store and live on its static share. */
  readonly instances: number;
  /** Default 30,000: three renewals may fail. */
  readonly ttlMs?: number | undefined;
  /** How much longer the store believes in a lease than its holder does, for calls that are still running; default 10,000. */
  readonly graceMs?: number | undefined;
}

/** One lease as a store keeps it. */
export interface LeaseEntry {
  readonly instance: string;
  readonly share: number;
  /** What it holds, or may hold until it has read our answer. */
  readonly held: number;
  readonly wanted: number;
  /** When it ends for its holder. */
  readonly until: number;
}

/** What a store writes, and what it answers. */
export interface LeaseDecision {
  readonly entry: LeaseEntry;
  readonly grant: LeaseGrant;
}

/**
 * Decides on a request. The store must do this and write the entry in one transaction.
 * @param entries all leases of this server, that of the asking instance and ended ones included
 */
export function grantLease(
  entries: readonly LeaseEntry[],
  request: LeaseRequest,
  { budget, instances, ttlMs = 30_000, graceMs = 10_000 }: LeasePolicy,
  now: number,
): LeaseDecision {
  const others = entries.filter(({ instance, until }) => instance !== request.instance && until + graceMs > now);
  const least = Math.min(staticShare(budget, instances), budget);
  // Whoever is not here may be cut off, and alive.
  const absent = Math.max(0, instances - others.length - 1) * least;
  const taken = others.reduce((sum, { share, held }) => sum + Math.max(share, held), 0);
  const free = Math.max(0, budget - absent - taken);
  const share = Math.min(free, fairTarget(budget - absent, least, request, others));
  const { instance, wanted } = request;
  // A smaller share is in force when the holder says so, not when it is granted: the answer may be late, or lost.
  const entry = { instance, share, held: Math.max(request.held, request.share), wanted, until: now + ttlMs };
  return { entry, grant: { share, ttlMs } };
}

// What everybody wants, filled fairly; what nobody wants is spread evenly, so that a sudden need finds room.
function fairTarget(room: number, least: number, request: LeaseRequest, others: readonly LeaseEntry[]): number {
  const claims = [request, ...others].map(({ wanted }) => ({ demand: Math.max(least, wanted), weight: 1 }));
  const { shares } = fairShares(room, claims);
  const left = room - shares.reduce((sum, share) => sum + share, 0);
  return Math.max(least, Math.floor(shares[0]! + left / claims.length + 1e-9));
}
