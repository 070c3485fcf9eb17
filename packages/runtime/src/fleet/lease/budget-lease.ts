/**
 * How instances of an application share the budget of a server: each holds a lease on a part of it and renews that every few seconds. Only the contract;
 * `grant-lease.ts` has the rule that keeps the sum within the budget.
 */

/** What an instance tells when it asks for a share, or renews one. */
export interface LeaseRequest {
  /** Key of the server. */
  readonly server: string;
  /** Who asks; stable over a restart where possible, so that a restarted process takes over its own share. */
  readonly instance: string;
  /** Connections that it has now, those not confirmed closed included. */
  readonly held: number;
  /** The share that it lives by now, and goes on living by until it has the answer: it may open that many meanwhile. */
  readonly share: number;
  /** Connections that it could use. */
  readonly wanted: number;
}

/** What it gets. */
export interface LeaseGrant {
  /** Connections; never more than what is free, whatever was wanted. */
  readonly share: number;
  /** For how long, from the moment of asking. An instance that can't renew falls back to its static share before that. */
  readonly ttlMs: number;
}

/** Where leases come from: the catalog, or the memory of one process. */
export interface BudgetLease {
  /** Acquires or renews. May fail: the instance then keeps what it has until its time is up. */
  renew(request: LeaseRequest): Promise<LeaseGrant>;
  /** The instance has closed all its connections to this server. */
  release(server: string, instance: string): Promise<void>;
}

/**
 * The share that every instance has without a lease: half of an even part, so that the other halves can be leased to those who need them.
 * @param instances most instances that run at once, deployments included
 */
export function staticShare(budget: number, instances: number): number {
  return Math.max(1, Math.floor(budget / (2 * instances)));
}

/**
 * The budget of a PostgreSQL server: nine tenths of what its other users leave.
 * @param maxConnections the server's max_connections
 * @param others superuser_reserved_connections, reserved_connections, replication, control plane, people
 * @example serverBudget(200, 13) // 168
 */
export function serverBudget(maxConnections: number, others: number = 0): number {
  return Math.max(1, Math.floor((maxConnections - others) * 0.9));
}
