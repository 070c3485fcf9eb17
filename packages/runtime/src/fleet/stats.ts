/** What a fleet tells about its servers: figures only, no tenant's name but those that `perTenant` asks for. */
import type { TenantUsageReport } from "./usage/tenant-usage.ts";

/** One server as this instance sees it. */
export interface ServerStats {
  readonly server: string;
  /** Connections to it that all instances may have together. */
  readonly budget: number;
  /** Connections that this instance may have now. */
  readonly share: number;
  /** Whether the share is a lease; false: the static share. */
  readonly leased: boolean;
  /** Connections that count: from their opening until their close is confirmed. */
  readonly open: number;
  /** Most of them at any moment. */
  readonly peak: number;
  readonly idle: number;
  /** Calls that wait. */
  readonly waiting: number;
  /** Since the start. */
  readonly granted: number;
  readonly opened: number;
  readonly evicted: number;
  readonly queueFull: number;
  readonly queueTimeout: number;
  /** Connections whose close the server did not confirm in time. */
  readonly unconfirmed: number;
  /** Reserved connections that did not fit. */
  readonly unreserved: number;
  /** Of the last half minute: calls that found a connection, 0 to 1. */
  readonly hitRate: number;
  readonly missesPerSecond: number;
  readonly evictionsPerSecond: number;
  /** The budget is smaller than the working set, and connections are closed and opened in turn. */
  readonly thrashing: boolean;
  /** A budget, for all instances, with which nine in ten of the calls that can find a connection would. */
  readonly suggestedBudget: number;
}

/** A snapshot of {@link ServerStats}. */
export interface FleetStats {
  readonly servers: readonly ServerStats[];
  /** The largest users, where the option `perTenant` asks for them. */
  readonly perTenant?: TenantUsageReport;
}

/** Whether a server thrashes: most calls open a connection, and each one closes another's. */
export function isThrashing(hitRate: number, evictionsPerSecond: number): boolean {
  return hitRate < 0.5 && evictionsPerSecond >= 1;
}
