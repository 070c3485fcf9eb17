/**
 * Work on many targets: a limit for each server, connections that are kept while the next target lies in the same database, also from one wave to
 * the next. Must never open more connections to a server than its limit says, and leave none open after close().
 */
import { TargetConnection } from "../apply/connection.ts";
import { defaultLimits, type Limits } from "../apply/limits.ts";
import { databaseKey, serverKey, type Target } from "../target.ts";

/** How much at once. */
export interface LaneOptions {
  /** Connections for each server. */
  readonly concurrency: number;
  /** A connection that touched many schemas holds their catalog in memory (75 kB a table): after this many targets it is replaced. */
  readonly targetsPerConnection?: number;
  readonly limits?: Partial<Limits>;
}

/** Connections to servers. */
export class Lanes {
  readonly #concurrency: number;
  readonly #uses: number;
  readonly #limits: Limits;
  readonly #holders: Map<string, Holder[]> = new Map();

  constructor({ concurrency, targetsPerConnection = 500, limits = {} }: LaneOptions) {
    this.#concurrency = concurrency;
    this.#uses = targetsPerConnection;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /**
   * Runs `work` on every item, in order within a server; `goOn` is asked before each, and what runs comes to its end. `work` gets a way to a
   * connection, and must not throw.
   */
  async each<T extends { readonly target: Target }>(
    items: readonly T[],
    work: (item: T, connect: () => Promise<TargetConnection>) => Promise<void>,
    goOn: () => boolean = () => true,
  ): Promise<void> {
    const servers = new Map<string, T[]>();
    for (const item of items) {
      const key = serverKey(item.target);
      const queue = servers.get(key);
      if (queue === undefined) servers.set(key, [item]);
      else queue.push(item);
    }
    const lane = async (holder: Holder, queue: Iterator<T>): Promise<void> => {
      while (goOn()) {
        const next = queue.next();
        if (next.done === true) return;
        await work(next.value, () => holder.to(next.value.target));
      }
    };
    await Promise.all(
      [...servers].flatMap(([server, queue]) => {
        const shared = queue.values();
        return this.#of(server, Math.min(this.#concurrency, queue.length)).map((holder) => lane(holder, shared));
      }),
    );
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#holders.values()].flat().map((holder) => holder.close()));
  }

  #of(server: string, count: number): Holder[] {
    const holders = this.#holders.get(server) ?? [];
    this.#holders.set(server, holders);
    while (holders.length < count) holders.push(new Holder(this.#uses, this.#limits));
    return holders.slice(0, count);
  }
}

class Holder {
  readonly #uses: number;
  readonly #limits: Limits;
  #open: { readonly key: string; readonly connection: TargetConnection; used: number } | undefined;

  constructor(uses: number, limits: Limits) {
    this.#uses = uses;
    this.#limits = limits;
  }

  async to(target: Target): Promise<TargetConnection> {
    const key = databaseKey(target);
    const open = this.#open;
    if (open !== undefined && open.key === key && open.connection.usable && open.used++ < this.#uses)
      return open.connection;
    await this.close();
    const connection = await TargetConnection.open(target.connect, this.#limits);
    this.#open = { key, connection, used: 1 };
    return connection;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.connection.end();
  }
}
