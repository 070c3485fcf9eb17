/** Leases in the memory of one process: for several pools in it, and for tests. Not for several processes: they would not know of each other. */
import type { BudgetLease } from "./budget-lease.ts";
import { grantLease, type LeaseEntry, type LeasePolicy } from "./grant-lease.ts";

/**
 * A store of leases in memory.
 * @param policy for every server, or one for each
 * @param clock milliseconds
 * @example const leases = memoryLeases({ budget: 60, instances: 2 });
 */
export function memoryLeases(
  policy: LeasePolicy | ((server: string) => LeasePolicy),
  clock: () => number = Date.now,
): BudgetLease {
  const servers = new Map<string, Map<string, LeaseEntry>>();
  return {
    async renew(request) {
      let entries = servers.get(request.server);
      if (entries === undefined) servers.set(request.server, (entries = new Map()));
      const rule = typeof policy === "function" ? policy(request.server) : policy;
      const { entry, grant } = grantLease([...entries.values()], request, rule, clock());
      entries.set(request.instance, entry);
      return grant;
    },
    async release(server, instance) {
      servers.get(server)?.delete(instance);
    },
  };
}
