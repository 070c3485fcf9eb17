/**
 * Reports ids that found no row, out of band: on a connection of its own, so that the report survives the request's
 * rollback, and in a bounded queue, so that it can never delay or fail a request. On a replica it does nothing.
 */
import { emitEvent } from "../../context/events.ts";
import { reportText } from "../../scope/required-row.ts";
import type { Engine } from "./engine.ts";
import type { PgModule, PgPool } from "./shapes.ts";

/** One id that found nothing. */
export interface Denial {
  readonly tenant: string;
  readonly relation: string;
  readonly key: Record<string, unknown>;
}

const queueLimit = 1000;

export class Reporter {
  readonly #pool: PgPool;
  readonly #engine: Engine;
  #waiting: number = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(pg: PgModule, config: object, engine: Engine) {
    this.#engine = engine;
    // A plain pool: the probe function takes the proof itself and needs no context.
    this.#pool = new pg.Pool({
      ...config,
      password: (config as { password?: unknown }).password,
      Client: pg.Client,
      max: 1,
      allowExitOnIdle: true,
      connectionTimeoutMillis: 5000,
      query_timeout: 5000,
    });
    this.#pool.on("error", () => {});
  }

  /** Takes a denial and returns at once; drops it when too many wait. */
  add(denial: Denial): void {
    if (this.#waiting >= queueLimit)
      return emitEvent("warning", { message: "too many reports waiting; one was dropped" });
    this.#waiting++;
    this.#last = this.#last
      .then(() => this.#send(denial))
      .catch((cause: unknown) => {
        // 25006: read-only transaction, that is a replica, where nothing can be recorded.
        if ((cause as { code?: string }).code !== "25006")
          emitEvent("warning", { message: "a denied row could not be reported", cause });
      });
  }

  async #send({ tenant, relation, key }: Denial): Promise<void> {
    this.#waiting--;
    const client = await this.#pool.connect();
    try {
      const { tokens, profile } = this.#engine;
      // The function takes bytes: at level plain those of the id itself.
      const proof =
        tokens === undefined ? Buffer.from(tenant) : tokens.mint(tenant, profile?.pooled ? 0 : (client.processID ?? 0));
      await client.query(reportText, [proof, relation, JSON.stringify(key)]);
    } finally {
      client.release?.(!client.readyForQuery);
    }
  }

  /** Sends what waits and closes the connection. */
  async end(): Promise<void> {
    await this.#last;
    await this.#pool.end();
  }
}
