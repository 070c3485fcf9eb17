/**
 * Reports ids that found no row, out of band: on a connection of its own, so that the report survives the request's
 * rollback, and in a bounded queue, so that it can never delay or fail a request. On a replica it does nothing.
 */
import { emitEvent } from "../../context/events.ts";
import { reportText } from "../../scope/required-row.ts";
import type { Engine } from "./engine.ts";
import { borrowPlain } from "./plain-pool.ts";
import type { PgModule } from "./shapes.ts";

/** One id that found nothing. */
interface Denial {
  readonly tenant: string;
  readonly relation: string;
  readonly key: Record<string, unknown>;
}

export interface Reporter {
  /** Takes a denial and returns at once; drops it when too many wait. */
  add(denial: Denial): void;
  /** Sends what waits and closes the connection. */
  end(): Promise<void>;
}

const queueLimit = 1000;

export function makeReporter(pg: PgModule, config: object, engine: Engine): Reporter {
  // A plain pool: the probe function takes the proof itself and needs no context.
  const pool = new pg.Pool({
    ...config,
    password: (config as { password?: unknown }).password,
    Client: pg.Client,
    max: 1,
    allowExitOnIdle: true,
    connectionTimeoutMillis: 5000,
    query_timeout: 5000,
  });
  pool.on("error", () => {});
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  const send = ({ tenant, relation, key }: Denial): Promise<unknown> => {
    waiting--;
    return borrowPlain(pool, (client) => {
      const proof = engine.proof(tenant, client.processID ?? 0);
      // The function takes bytes: at level plain those of the id itself.
      const values = [engine.tokens ? proof : Buffer.from(proof), relation, JSON.stringify(key)];
      return client.query(reportText, values) as Promise<unknown>;
    });
  };
  return {
    add(denial) {
      if (waiting >= queueLimit) return emitEvent("warning", { message: "probe report dropped: too many wait" });
      waiting++;
      last = last
        .then(() => send(denial))
        .catch((cause: unknown) => {
          // 25006: read-only transaction, that is a replica, where nothing can be recorded.
          if ((cause as { code?: string }).code !== "25006")
            emitEvent("warning", { message: "probe report failed", cause });
        });
    },
    end: () => last.then(() => pool.end()),
  };
}
