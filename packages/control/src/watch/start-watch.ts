/**
 * Looks after the fleet beside the workers: the provisioner's role at work outside of operations, tenants that wait too long. Any number of
 * processes may look; each alarm is told once. Must go on when a cell or the catalog is away, and say so.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Actor } from "../audit-log/append-audit.ts";
import { listCells } from "../catalog/cells.ts";
import type { CatalogPool } from "../db/transaction.ts";
import { type ProvisionerAlarm, provisionerAlarms } from "../provision/provisioner-alarms.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { type SlowProvisioning, slowProvisioning } from "./slow-provisioning.ts";

/** What is looked after. */
export interface WatchOptions {
  readonly pool: CatalogPool;
  readonly secrets: Secrets;
  /** How often, in milliseconds; default 15,000. */
  readonly everyMs?: number;
  /** 95th percentile of the time to an active tenant that is too long, in milliseconds; default 30,000. */
  readonly slowMs?: number;
  /** Told of each alarm that is new to this process. */
  readonly alarm?: (alarm: WatchAlarm) => void;
  /** Told of what could not be looked at. */
  readonly failed?: (error: Error) => void;
}

/** An alarm. */
export type WatchAlarm =
  | ({ readonly kind: "provisioner.outside_operation" } & ProvisionerAlarm)
  | ({ readonly kind: "provisioning.slow" } & SlowProvisioning);

/** A running watch. */
export interface Watch {
  stop(): Promise<void>;
}

const actor: Actor = { name: "watch" };

/**
 * Starts it.
 * @example const watch = startWatch({ pool, secrets, alarm: (alarm) => page(alarm) });
 */
export function startWatch(options: WatchOptions): Watch {
  const { pool, secrets, everyMs = 15_000, slowMs, alarm = () => {}, failed = () => {} } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  // sessions that were told: they stay while they are there
  let known = new Set<string>();
  const look = async (): Promise<void> => {
    const seen = new Set<string>();
    for (const { id, state } of await listCells(pool)) {
      if (state === "closed" || signal.aborted) continue;
      // a cell that is away hides no other one
      const found = await provisionerAlarms(pool, actor, secrets, id).catch((error: unknown) => {
        failed(error as Error);
        return [];
      });
      for (const each of found) {
        const name = `${each.cell}:${each.pid}:${each.since.toISOString()}`;
        seen.add(name);
        if (!known.has(name)) alarm({ kind: "provisioner.outside_operation", ...each });
      }
    }
    known = seen;
    for (const each of await slowProvisioning(pool, actor, slowMs)) alarm({ kind: "provisioning.slow", ...each });
  };
  const looking = (async () => {
    while (!signal.aborted) {
      await look().catch((error: unknown) => failed(error as Error));
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await looking;
    },
  };
}
