/**
 * The one connection through which migrations run, statement by statement. Always the extended protocol: there a text with two statements is
 * refused, so nothing rides along. Rows are thrown away as they come. Must never connect as superuser.
 */
import pg from "pg";
import type { Sandbox } from "./sandbox.ts";
import { DATABASE, OWNER } from "./sandbox.ts";

/** Each statement in a transaction has this savepoint, so that its failure ends nothing else. */
export const SAVEPOINT = "watertight_statement";

/** What the server said of a statement that failed. */
export interface Refusal {
  readonly sqlstate: string | null;
  readonly message: string;
}

/** A row of an answer to our own text. */
export type OwnRow = Readonly<Record<string, string | boolean | null>>;

/** A connection to the replayed database. */
export interface Session {
  readonly pid: number;
  /** Bytes that the server sent, so far. */
  readonly received: number;
  /** I idle, T in a transaction, E in a failed one; undefined once the connection is gone. */
  status(): "I" | "T" | "E" | undefined;
  /** Runs one statement of the migrations. */
  run(text: string): Promise<Refusal | undefined>;
  /** Runs our own text, several statements at once, and returns the rows of the last that has any; columns are text or boolean. */
  own(text: string): Promise<OwnRow[]>;
  /** Drops the connection without a word. */
  destroy(): void;
  close(): Promise<void>;
}

interface Wire {
  readonly stream: NodeJS.ReadableStream & { destroy(): void };
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

// Rows of a migration's SELECT are of no use, and can be many.
class Discarding extends pg.Query {
  handleDataRow(): void {}
}

/** Settings that hold for the whole session and that RESET ALL returns to. */
function startOptions(sandbox: Sandbox, statementMs: number): string {
  // the watchdog comes first; this one is for the case that our own process stands still
  const options = [`-c statement_timeout=${statementMs + 5_000}`, "-c lock_timeout=0"];
  // so that the owner may hand objects to the roles that it makes, also in a DO block; taken out of the snapshot again
  if (sandbox.server.version >= 16) options.push("-c createrole_self_grant=set,inherit");
  return options.join(" ");
}

/** Logs in as the owner. */
export async function openSession(sandbox: Sandbox, statementMs: number): Promise<Session> {
  const client = new pg.Client({
    ...sandbox.server.connection(DATABASE, OWNER),
    options: startOptions(sandbox, statementMs),
    connectionTimeoutMillis: 10_000,
  });
  let gone = false;
  client.on("error", () => (gone = true));
  client.on("end", () => (gone = true));
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  const { connection } = client as unknown as { connection: Wire };
  const { stream } = connection;
  let received = 0;
  stream.on("data", (chunk: Buffer) => (received += chunk.length));
  let ready = true;
  connection.on("readyForQuery", () => (ready = true));
  // The driver reports an error before the server says in which state the transaction is.
  const settled = (): Promise<void> =>
    new Promise((resolve) => {
      if (gone || ready) return resolve();
      const settle = (): void => {
        connection.off("readyForQuery", settle);
        connection.off("end", settle);
        resolve();
      };
      connection.on("readyForQuery", settle);
      connection.on("end", settle);
    });
  return {
    pid: rows[0]!.pid,
    get received() {
      return received;
    },
    status: () => (gone ? undefined : (client.getTransactionStatus() ?? undefined)),
    run: (text) =>
      new Promise((resolve) => {
        ready = false;
        const done = (error: unknown): void => {
          if (error === null || error === undefined) resolve(undefined);
          else void settled().then(() => resolve(refusalOf(error)));
        };
        client.query(new Discarding({ text, queryMode: "extended" } as pg.QueryConfig, [], done as never));
      }),
    async own(text) {
      ready = false;
      try {
        const result = (await client.query(text)) as pg.QueryResult | pg.QueryResult[];
        const all = Array.isArray(result) ? result : [result];
        return all.findLast((one) => one.fields.length > 0)?.rows ?? [];
      } catch (error) {
        await settled();
        throw error;
      }
    },
    destroy: () => stream.destroy(),
    close: () => client.end().catch(() => {}),
  };
}

/** What an error of the driver or the server says. */
export function refusalOf(error: unknown): Refusal {
  const { code, message } = error as { code?: string; message: string };
  return { sqlstate: code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : null, message };
}
