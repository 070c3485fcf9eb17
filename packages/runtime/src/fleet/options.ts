/** The options of a fleet, checked when they are given. */
import type { TenantPoolOptions } from "../drivers/pg/tenant-pool.ts";
import { checkRange } from "../scope/check-option.ts";
import type { RouteSource } from "../routes/route-source.ts";
import type { SchedulerOptions } from "./budget/scheduler.ts";
import type { BudgetLease } from "./lease/budget-lease.ts";
import { staticShare } from "./lease/budget-lease.ts";
import { TenantUsage } from "./usage/tenant-usage.ts";

/** Options of `fleetPool`, beside those of pg's connections and of {@link TenantPoolOptions}. Times in milliseconds. */
export interface FleetOptions extends TenantPoolOptions {
  /** Where each tenant is served. */
  readonly routes: RouteSource;
  /** Physical connections to a server, those of all instances together; see `serverBudget`. */
  readonly budget: number | ((server: string) => number);
  /** Most instances of the application at once, deployments included; default 1. */
  readonly instances?: number | undefined;
  /** Shares the budget by need. Without it each instance has an even part. */
  readonly leases?: BudgetLease | undefined;
  /** Name of this instance for its leases; default: a random one. */
  readonly instance?: string | undefined;
  /** How often a lease is renewed; default 10,000. */
  readonly renewEveryMs?: number | undefined;
  /** Connects per second to one server by this instance, default 50; and how many of them at once, default 20. */
  readonly connectRate?: number | undefined;
  readonly connectBurst?: number | undefined;
  /** A call gives up on a new connection after this; default 5,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** A connection that nobody used for so long is closed; default 60,000. */
  readonly idleTimeoutMs?: number | undefined;
  /** A connection that was used less than this ago is not closed for another database; default 100. */
  readonly holdMs?: number | undefined;
  /** How long a call waits for a warm connection before it takes another's, or twice what a connect takes now; default 25. */
  readonly patienceMs?: number | undefined;
  /** Calls of one tenant that may wait; default 100. */
  readonly queueLimit?: number | undefined;
  /** How long a call may wait; default 5,000. */
  readonly queueTimeoutMs?: number | undefined;
  /** A close that the server did not confirm is forced after this; default 10,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Schemas that are searched after a schema tenant's own, as for extensions; default none. */
  readonly sharedSchemas?: readonly string[] | undefined;
  /** A connection that has looked into so many tenants' schemas is closed, because each of them costs its backend memory; default 50. */
  readonly schemasPerConnection?: number | undefined;
  /** Counts what tenants use, and names the `topK` (1 to 1,000; 50 is a good number) largest users in `stats()`; default: no tenant is counted or named. */
  readonly perTenant?: { readonly topK: number } | undefined;
  /** `fifo`: one line for all tenants and no caps, to compare with; default `fair`. */
  readonly order?: "fair" | "fifo" | undefined;
}

/** The options with their defaults. */
export interface FleetSettings extends Omit<SchedulerOptions, "budget"> {
  readonly budgetOf: (server: string) => number;
  readonly instances: number;
  readonly leases: BudgetLease | undefined;
  readonly instance: string;
  readonly renewEveryMs: number;
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly schemasPerConnection: number;
  readonly usage: TenantUsage | undefined;
}

const most = 2 ** 31 - 1;

/** @throws ConfigurationError WT_CONFIG */
export function fleetSettings(options: FleetOptions): FleetSettings {
  const number = (name: keyof FleetOptions, usual: number, from: number, to: number = most): number =>
    checkRange(name, (options[name] as number | undefined) ?? usual, from, to);
  const instances = number("instances", 1, 1, 10_000);
  const { budget } = options;
  return {
    budgetOf: (server) => checkRange("budget", typeof budget === "function" ? budget(server) : budget, 1, 100_000),
    instances,
    leases: options.leases,
    instance: options.instance ?? crypto.randomUUID(),
    renewEveryMs: number("renewEveryMs", 10_000, 10),
    connectRate: number("connectRate", 50, 1, 10_000),
    connectBurst: number("connectBurst", 20, 1, 10_000),
    connectTimeoutMs: number("connectTimeoutMs", 5000, 1),
    idleTimeoutMs: number("idleTimeoutMs", 60_000, 1),
    holdMs: number("holdMs", 100, 0),
    patienceMs: number("patienceMs", 25, 0),
    queueLimit: number("queueLimit", 100, 0),
    queueTimeoutMs: number("queueTimeoutMs", 5000, 1),
    closeTimeoutMs: number("closeTimeoutMs", 10_000, 1),
    schemasPerConnection: number("schemasPerConnection", 50, 1),
    order: options.order,
    usage: options.perTenant && new TenantUsage(checkRange("perTenant", options.perTenant.topK, 1, 1000)),
  };
}

/** The share of an instance that has no lease. */
export function shareWithoutLease({ leases, instances }: FleetSettings, budget: number): number {
  return leases ? Math.min(budget, staticShare(budget, instances)) : Math.max(1, Math.floor(budget / instances));
}
