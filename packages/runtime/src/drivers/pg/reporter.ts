/**
 * Reports ids that found no row, out of band: on a connection of its own, so that the report survives the request's
 * rollback, and in a bounded queue, so that it can never delay or fail a request. On a replica it does nothing.
 */
import { emitEvent } from '../../context/events.ts';
import { reportText } from '../../scope/required-row.ts';
import { type Engine, engineKey } from './engine.ts';
import type { PgClient, PgModule } from './shapes.ts';

/** One id that found nothing. */
export interface Denial {
  readonly tenant: string;
  readonly relation: string;
  readonly key: Record<string, unknown>;
}

const queueLimit = 1000;
const idleMs = 10_000;

export class Reporter {
  readonly #pg: PgModule;
  readonly #config: object;
  readonly #engine: Engine;
  #queue: Denial[] = [];
  #client: Promise<PgClient> | undefined = undefined;
  #working: Promise<void> | undefined = undefined;
  #idle: NodeJS.Timeout | undefined = undefined;
  #replica: boolean = false;

  constructor(pg: PgModule, config: Record<string | symbol, unknown>, engine: Engine) {
    this.#pg = pg;
    this.#engine = engine;
    // A plain client: the probe function takes the token itself and needs no context.
    this.#config = { ...config, [engineKey]: undefined, Client: undefined, password: config['password'], query_timeout: 5000 };
  }

  /** Takes a denial and returns at once; drops it when too many wait. */
  add(denial: Denial): void {
    if (this.#replica) return;
    if (this.#queue.length >= queueLimit) {
      emitEvent('warning', { message: 'too many reports waiting; one was dropped' });
      return;
    }
    this.#queue.push(denial);
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  async #work(): Promise<void> {
    clearTimeout(this.#idle);
    for (let denial = this.#queue.shift(); denial !== undefined; denial = this.#queue.shift()) {
      try {
        const client = await (this.#client ??= this.#open());
        const { tokens, profile } = this.#engine;
        // The function takes bytes: at level plain those of the id itself.
        const proof = tokens === undefined ? Buffer.from(denial.tenant) : tokens.mint(denial.tenant, profile?.pooled ? 0 : (client.processID ?? 0));
        await client.query(reportText, [proof, denial.relation, JSON.stringify(denial.key)]);
      } catch (error) {
        // 25006: read-only transaction, that is a replica, where nothing can be recorded.
        if ((error as { code?: string }).code === '25006') this.#replica = true;
        else emitEvent('warning', { message: 'a denied row could not be reported', cause: error });
        await this.#close();
      }
    }
    this.#idle = setTimeout(() => void this.#close(), idleMs);
    this.#idle.unref();
  }

  async #open(): Promise<PgClient> {
    const client = new this.#pg.Client(this.#config);
    client.on('error', () => (this.#client = undefined));
    await client.connect();
    return client;
  }

  async #close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.then((open) => open.end()).catch(() => undefined);
  }

  /** Sends what waits and closes the connection. */
  async end(): Promise<void> {
    await this.#working;
    clearTimeout(this.#idle);
    await this.#close();
  }
}
