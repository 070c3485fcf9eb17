/**
 * One connection of postgres.js's pool, held for one transaction and given back only when the server says that it is
 * idle. Everything is sent without waiting for answers, so BEGIN, context, query and COMMIT leave together.
 *
 * Not built on `sql.reserve()`: that gives a connection back in whatever state it is, has no way to close one, does not
 * say which server connection it is (tokens are bound to it), and with fetch_types:false never resolves
 * (upstream-traps.db.test.ts, 3.4.9). BEGIN with `onexecute` is how `sql.begin` itself takes a connection; a reservation
 * without `release` goes back by itself at ReadyForQuery with status idle, and then only.
 */
import { emitEvent } from "../../context/events.ts";
import { type Link, linkOf } from "./link.ts";
import { type Settled, settlement } from "./settled.ts";
import { type Backend, type NativeConnection, type NativeQuery, type NativeSql, unsupported } from "./shapes.ts";
import { readError } from "./sql-error.ts";
import { nameOf } from "./statement-form.ts";

// A connection that is held is in nobody's queue; postgres.js asks only for `remove`.
const nowhere = { length: 0, remove: () => null, push: () => {}, shift: () => undefined };

export class Lease {
  readonly link: Link;
  readonly backend: Backend;
  /** Settles when BEGIN was answered. */
  readonly begun: Promise<Settled>;
  /** A context was opened, so the transaction's end decides whether the connection is clean. */
  opened: boolean = false;
  readonly #connection: NativeConnection;
  readonly #canceller: NativeQuery["canceller"];
  readonly #reserved: (() => void) & { release: boolean };
  readonly #onclose: (error: unknown) => void;
  readonly #wait: NativeQuery[] = [];
  #blocked: boolean;
  #building: NativeQuery | undefined = undefined;
  #closing: NativeQuery | undefined = undefined;
  #kept: boolean = false;
  #condemned: { readonly reason: unknown } | undefined = undefined;
  #lost: { readonly error: unknown } | undefined = undefined;

  /** Called by {@link takeLease} while postgres.js hands over the connection. */
  constructor(connection: NativeConnection, begin: NativeQuery, begun: Promise<Settled>) {
    this.#connection = connection;
    this.#canceller = begin.canceller;
    this.backend = begin.state as Backend;
    this.link = linkOf(this.backend);
    this.begun = begun;
    this.#guard(begin);
    // Another query may still run in front of BEGIN (the user's own, unscoped). An error while building one of ours
    // would be reported to that one, so we wait for our turn.
    this.#blocked = !begin.active;
    if (this.#blocked) void begun.then(() => this.#drain());
    this.#reserved = Object.assign(() => this.#drain(), { release: true });
    connection.reserved = this.#reserved;
    connection.onclose = this.#onclose = (error) => this.#lose(error);
    // Otherwise a new connection stays in the queue of those connecting, where postgres.js ignores errors.
    connection.queue.remove(connection);
    connection.queue = nowhere;
    connection.idleTimer.cancel();
  }

  /** Whether the connection is still ours. */
  get held(): boolean {
    return this.#lost === undefined && this.#connection.reserved === this.#reserved;
  }

  /** Sends a query now, or as soon as the one before it allows. Its outcome goes where the query says. */
  execute(query: NativeQuery): void {
    if (this.#lost) query.reject(this.#lost.error);
    else if (this.#blocked) this.#wait.push(query);
    else this.#send(query);
  }

  /** Sends a query and says how it ended. */
  run(query: NativeQuery, first?: (settled: Settled) => void): Promise<Settled> {
    const settled = settlement(query, first);
    this.#guard(query);
    this.execute(query);
    return settled;
  }

  /**
   * Ends the transaction with `commit` or `rollback`. The connection is back in the pool, or on its way to be closed,
   * when this settles.
   */
  async end(query: NativeQuery): Promise<Settled> {
    this.#closing = query;
    const settled = await this.run(query, (end) => {
      // At once: when this settles for our caller, the next borrower has already looked.
      if (this.opened && end.ok && (end.value as { command?: string }).command === "COMMIT") this.link.dirty = false;
    });
    if (this.#connection.reserved === this.#reserved) {
      if (!this.#kept) emitEvent("dirty-release", { tenant: this.link.lastTenant, status: null });
      this.condemn(new Error("the connection did not become idle"));
    }
    // Whoever has it now may have put his own there already.
    else if (this.#connection.onclose === this.#onclose) this.#connection.onclose = null;
    return settled;
  }

  /** The connection will not go back to the pool; what runs on it may still be answered. */
  keep(): void {
    this.#kept = true;
    this.#reserved.release = true;
  }

  /** Closes the connection; everything unanswered is rejected. */
  condemn(reason: unknown): void {
    this.keep();
    if (this.#condemned || this.#lost) return;
    this.#condemned = { reason };
    // Not now: closing between a write and its flush would put the left-over bytes in front of the next start-up message.
    setImmediate(() => {
      if (!this.held) return;
      this.#connection.terminate();
      this.#lose(reason);
    });
  }

  /** Asks the server to cancel what runs; settles when the server has taken the request. */
  async cancel(): Promise<void> {
    // postgres.js cancels by the backend's key, whatever query it is given; one that is not active would confuse it.
    await this.#canceller?.({ state: this.backend, active: true } as NativeQuery);
  }

  #guard(query: NativeQuery): void {
    const reject = query.reject;
    query.reject = (error) => {
      const building = this.#building;
      if (building !== undefined && building !== query) {
        // postgres.js reports a value that can't be serialised to whatever query is being answered, and goes on counting
        // on an answer to the query that was never sent: from here on all answers would be attributed wrongly.
        this.condemn(error);
        building.reject(error);
      }
      // Its book says that the server has the statement, and it would for ever: the connection is given up.
      if (readError(error) === "statement-lost" && nameOf(query)) this.keep();
      reject(error);
    };
  }

  #send(query: NativeQuery): void {
    if (query === this.#closing && !this.#kept) this.#reserved.release = false;
    this.#building = query;
    // A statement that asks for types first, a cursor, or a full socket: the next one waits for ReadyForQuery.
    this.#blocked = this.#connection.execute(query) !== true;
    this.#building = undefined;
  }

  #drain(): void {
    this.#blocked = false;
    while (!this.#blocked && this.#lost === undefined) {
      const next = this.#wait.shift();
      if (next === undefined) return;
      this.#send(next);
    }
  }

  #lose(error: unknown): void {
    if (this.#lost) return;
    this.#lost = { error };
    for (const query of this.#wait.splice(0)) query.reject(error);
  }
}

/**
 * Takes a connection from the pool by sending `text`, a BEGIN. There is no way to take the request back: postgres.js
 * loses the connection of a query that is cancelled while it connects. Who no longer wants the lease ends it.
 */
export async function takeLease(sql: NativeSql, text: string): Promise<Lease> {
  try {
    return await request(sql, text);
  } catch (error) {
    if (!isStale(error)) throw error;
    return request(sql, text);
  }
}

// After the server closed a connection with a reason, postgres.js reports that reason once more to the first query of
// the next connection, and does not send it (upstream-traps.db.test.ts). Reasons to refuse a connection are not that.
function isStale(error: unknown): boolean {
  const { code, severity } = (error ?? {}) as { code?: string; severity?: string };
  return severity === "FATAL" && !/^(28|3D|53|57P03)/.test(code ?? "");
}

function request(sql: NativeSql, text: string): Promise<Lease> {
  return new Promise((give, refuse) => {
    let taken = false;
    const begin = sql.unsafe(text, [], {
      simple: true,
      prepare: false,
      onexecute(connection: NativeConnection): boolean {
        taken = true;
        give(new Lease(connection, begin, begun));
        // Not free for pipelining by others.
        return false;
      },
    });
    const begun = settlement(begin);
    void begun.then((settled) => {
      if (!taken) refuse(settled.ok ? unsupported("it did not hand over the connection of a BEGIN") : settled.error);
    });
    void begin.execute();
  });
}
