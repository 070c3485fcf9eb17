/**
 * The lease of an operation and its fencing token. Each new lease has a higher token; whoever writes with an older one writes nothing. Must
 * never let a worker go on that does not know that it still holds the lease.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Queryable } from "@watertight/schema";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Operation } from "./operation.ts";
import { operationColumns } from "./operation-rows.ts";

/** How long a lease lasts without renewal, in milliseconds; a killed worker's operations go on after it. */
const leaseMs = 6000;

/** A lease that is renewed until it is released. */
export interface Lease {
  readonly token: string;
  /** Aborted when the lease is lost, or cannot be renewed in time. */
  readonly signal: AbortSignal;
  /** A transaction that happens only under this lease. @throws ControlError WT_OPERATION_LEASE_LOST */
  commit<T>(fn: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Somebody has seen that another worker holds it: the signal ends. Answers the error to throw. */
  lose(): Error;
  /** Gives it back before its time, so that another worker need not wait. */
  release(): Promise<void>;
  stop(): void;
}

/**
 * Takes the lease of an operation that is due and not led by anybody.
 * @returns undefined when there is nothing to do, or somebody else does it
 */
export async function takeLease(pool: CatalogPool, id: string, owner: string): Promise<Operation | undefined> {
  return withConnection(pool, async (db) => {
    const { rows } = await db.query(
      `update watertight_catalog.operation o
          set state = 'running', lease_owner = $2, lease_token = lease_token + 1, lease_until = clock_timestamp() + $3 * interval '1 ms',
              -- whoever had it before gave it back neither done nor for later
              crashes = crashes + (state = 'running' and lease_until is not null)::int,
              started_at = coalesce(started_at, clock_timestamp())
        where o.id = $1 and o.state in ('pending', 'running', 'waiting') and o.run_after <= clock_timestamp()
          and (o.lease_until is null or o.lease_until < clock_timestamp())
        returning ${operationColumns}`,
      [id, owner, leaseMs],
    );
    return rows[0] as Operation | undefined;
  });
}

/** Keeps a lease alive. */
export function holdLease(pool: CatalogPool, id: string, token: string, outer: AbortSignal): Lease {
  const lost = new AbortController();
  let renewed = performance.now();
  let stopped = false;
  const lose = (): Error => {
    const error = controlError("WT_OPERATION_LEASE_LOST", { detail: id });
    if (!lost.signal.aborted) lost.abort(error);
    return error;
  };
  const renew = async (): Promise<void> => {
    const began = performance.now();
    try {
      const held = await withConnection(pool, async (db) => {
        const { rows } = await db.query(
          `update watertight_catalog.operation set lease_until = clock_timestamp() + $3 * interval '1 ms'
            where id = $1 and lease_token = $2 and state = 'running' returning 1 as yes`,
          [id, token, leaseMs],
        );
        return rows.length > 0;
      });
      if (!held && !stopped) return void lose();
      // counted from before the question: the answer may have taken its time
      renewed = began;
    } catch {
      // the catalog is away: the clock below decides
    }
  };
  let asking = false;
  const timer = setInterval(() => {
    if (performance.now() - renewed > leaseMs * 0.8) lose();
    // one question at a time: behind a lock they would take all connections
    else if (!asking) {
      asking = true;
      void renew().finally(() => (asking = false));
    }
  }, leaseMs / 4);
  return {
    token,
    signal: AbortSignal.any([lost.signal, outer]),
    commit: (fn) =>
      inTransaction(pool, async (tx) => {
        const { rows } = await tx.query(
          "select 1 from watertight_catalog.operation where id = $1 and lease_token = $2 and state = 'running' for update",
          [id, token],
        );
        if (rows.length === 0) throw lose();
        return fn(tx);
      }),
    lose,
    async release() {
      stopped = true;
      await withConnection(pool, (db) =>
        db.query(
          "update watertight_catalog.operation set lease_until = null where id = $1 and lease_token = $2 and state = 'running'",
          [id, token],
        ),
      );
    },
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

/**
 * Gives a lease back after a run that broke: this worker lives, so whoever takes the operation next need not wait, and it is no crash. A catalog
 * that is away may come back before the lease ends by itself.
 */
export async function giveBack(lease: Lease, stopping: AbortSignal): Promise<void> {
  lease.stop();
  for (const until = performance.now() + leaseMs; performance.now() < until;) {
    const given = await lease.release().then(
      () => true,
      () => false,
    );
    if (given || stopping.aborted) return;
    await sleep(250, undefined, { signal: stopping }).catch(() => {});
  }
}
