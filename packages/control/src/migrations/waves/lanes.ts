/**
 * Work on many targets: a limit for each server, connections that are kept while the next target lies in the same database. Must never open more
 * connections to a server than its limit says, and leave none open.
 */
import { TargetConnection } from "../apply/connection.ts";
import { databaseKey, serverKey, type Target } from "../target.ts";

/** How much at once. */
export interface LaneOptions {
  /** Connections for each server. */
  readonly concurrency: number;
  /** A connection that touched many schemas holds their catalog in memory (75 kB a table): after this many targets it is replaced. */
  readonly targetsPerConnection: number;
  /** Asked before each target; false ends the work. What runs comes to its end. */
  readonly goOn: () => boolean;
}

/** Runs `work` on every target, in order within a server. `work` gets a way to a connection, and must not throw. */
export async function inLanes<T extends { readonly target: Target }>(
  items: readonly T[],
  { concurrency, targetsPerConnection, goOn }: LaneOptions,
  work: (item: T, connect: () => Promise<TargetConnection>) => Promise<void>,
): Promise<void> {
  const servers = new Map<string, T[]>();
  for (const item of items) {
    const key = serverKey(item.target);
    const queue = servers.get(key);
    if (queue === undefined) servers.set(key, [item]);
    else queue.push(item);
  }
  const lane = async (queue: Iterator<T>): Promise<void> => {
    const holder = new Holder(targetsPerConnection);
    try {
      while (goOn()) {
        const next = queue.next();
        if (next.done === true) return;
        await work(next.value, () => holder.to(next.value.target));
      }
    } finally {
      await holder.close();
    }
  };
  await Promise.all(
    [...servers.values()].flatMap((queue) => {
      const shared = queue.values();
      return Array.from({ length: Math.min(concurrency, queue.length) }, () => lane(shared));
    }),
  );
}

class Holder {
  readonly #limit: number;
  #open: { readonly key: string; readonly connection: TargetConnection; uses: number } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async to(target: Target): Promise<TargetConnection> {
    const key = databaseKey(target);
    const open = this.#open;
    if (open !== undefined && open.key === key && open.connection.usable && open.uses++ < this.#limit)
      return open.connection;
    await this.close();
    const connection = await TargetConnection.open(target.connect);
    this.#open = { key, connection, uses: 1 };
    return connection;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.connection.end();
  }
}
