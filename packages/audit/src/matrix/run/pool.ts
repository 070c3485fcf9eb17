/**
 * Logins of the application's roles, a few of each, that work on one list of tasks. Must never give one connection to two tasks at once, and
 * must never leave one open.
 */
import { type AttackServer, endBy } from "../server.ts";
import { Session } from "../wire/session.ts";

/** A connection and what it has been through. */
export interface Lane {
  readonly session: Session;
  /** A context was set and committed: its settings are '' now and no longer NULL. */
  used: boolean;
}

// One zone and one style: texts of rows are compared. JIT would cost more than it gives.
const options =
  "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c jit=off -c lock_timeout=3s -c idle_in_transaction_session_timeout=60s";

/** Connections by login. */
export class LanePool {
  readonly #server: AttackServer;
  readonly #timeoutMs: number;
  readonly #lanes = new Map<string, Lane[]>();
  /** Logins that failed, with the reason. */
  readonly failures: Map<string, string> = new Map<string, string>();
  #ended = false;

  constructor(server: AttackServer, timeoutMs: number) {
    this.#server = server;
    this.#timeoutMs = timeoutMs;
  }

  /** Opens connections until a login has that many. */
  async open(login: string, many: number): Promise<void> {
    const lanes = this.#lanes.get(login) ?? [];
    this.#lanes.set(login, lanes);
    const missing = Math.max(0, many - lanes.length);
    const opened = await Promise.allSettled(Array.from({ length: missing }, () => this.#connect(login)));
    for (const one of opened)
      if (one.status === "fulfilled") lanes.push({ session: one.value, used: false });
      else this.failures.set(login, (one.reason as Error).message);
  }

  #connect(login: string): Promise<Session> {
    return Session.open(
      { ...this.#server.config(login), options: `${options} -c statement_timeout=${this.#timeoutMs}` },
      endBy(this.#server),
    );
  }

  /** All connections of a login. */
  lanes(login: string): readonly Lane[] {
    return this.#lanes.get(login) ?? [];
  }

  get size(): number {
    return [...this.#lanes.values()].reduce((sum, lanes) => sum + lanes.length, 0);
  }

  /** Works through tasks; each lane takes the next one when it is free. */
  async work<T extends { readonly login: string }>(
    tasks: readonly T[],
    run: (task: T, lane: Lane) => Promise<void>,
  ): Promise<void> {
    const byLogin = new Map<string, T[]>();
    for (const task of tasks) byLogin.set(task.login, [...(byLogin.get(task.login) ?? []), task]);
    const workers: Promise<void>[] = [];
    for (const [login, list] of byLogin) {
      const queue = list[Symbol.iterator]();
      for (const lane of this.lanes(login).slice(0, list.length)) workers.push(this.#drain(login, lane, queue, run));
    }
    await Promise.all(workers);
  }

  async #drain<T>(
    login: string,
    lane: Lane,
    queue: Iterator<T>,
    run: (task: T, lane: Lane) => Promise<void>,
  ): Promise<void> {
    for (let next = queue.next(); !next.done && !this.#ended; next = queue.next()) {
      // an attack may end its own connection
      if (lane.session.lost) {
        const fresh: Lane = { session: await this.#connect(login), used: false };
        const lanes = this.#lanes.get(login)!;
        lanes[lanes.indexOf(lane)] = fresh;
        lane = fresh;
      }
      await run(next.value, lane);
    }
  }

  /** Ends all connections now, whatever they do, and takes no new task. */
  async abandon(): Promise<void> {
    this.#ended = true;
    for (const { session } of [...this.#lanes.values()].flat()) await session.abandon();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lanes.values()].flat().map(({ session }) => session.close()));
  }
}
