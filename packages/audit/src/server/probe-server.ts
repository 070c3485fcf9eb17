/**
 * Puts all probes to a live server, each in a transaction of its own that rolls back. Must never make the check fail: what can't be found out is
 * said to be so.
 */
import type { Queryable } from "@watertight/schema";
import { CannotTell, type Probe, type ProbeResult } from "./probe.ts";
import { dropOwned } from "./probes/drop-owned.ts";
import { onConflictView } from "./probes/on-conflict-view.ts";
import { onConflictWhere } from "./probes/on-conflict-where.ts";
import { stalePlan } from "./probes/stale-plan.ts";
import { statistics } from "./probes/statistics.ts";
import { onStage } from "./stage.ts";

/** The five probes. */
const probes: readonly Probe[] = [dropOwned, onConflictWhere, onConflictView, stalePlan, statistics];

/**
 * Asks a server.
 * @param db ONE connection (a client, not a pool) outside of a transaction; any role. The more it may do, the more it finds out.
 * @example for (const { cve, verdict } of await probeServer(client)) console.log(cve, verdict);
 */
export async function probeServer(db: Queryable): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const probe of probes) {
    const { cve, title } = probe;
    try {
      const { vulnerable, evidence } = await onStage(db, (stage) => probe.run(stage));
      results.push({ cve, title, verdict: vulnerable ? "vulnerable" : "not vulnerable", evidence });
    } catch (error) {
      const evidence = error instanceof CannotTell ? error.message : `unexpected: ${(error as Error).message}`;
      results.push({ cve, title, verdict: "could not tell", evidence });
    }
  }
  return results;
}
