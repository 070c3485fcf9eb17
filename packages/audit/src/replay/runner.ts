/**
 * The state of a replay, and how a text is sent: under the watchdog, in a transaction behind a savepoint, so that a statement that fails does
 * not take down those after it.
 */
import { observer, type Observer } from "../history/observer.ts";
import type { Limits } from "./limits.ts";
import { nothingPretended, type Pretended } from "./pretended.ts";
import { OWNER, type Sandbox } from "./sandbox.ts";
import { openSession, type Refusal, SAVEPOINT, type Session } from "./session.ts";
import { Transaction } from "./transaction.ts";
import type { Watchdog } from "./watchdog.ts";

/** The state of a replay. */
export interface Runner {
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  readonly watchdog: Watchdog;
  readonly observer: Observer;
  readonly transaction: Transaction;
  readonly pretended: Pretended;
  /** Whose ground the migrations stand on. */
  readonly platforms: readonly string[];
  /** Roles that were made because a statement named them. */
  readonly made: Set<string>;
  session: Session;
  /** ALTER ROLE or DATABASE … SET ran: the next file logs in anew. */
  stale: boolean;
}

/** A runner that has seen what is there already. */
export async function makeRunner(
  sandbox: Sandbox,
  limits: Limits,
  watchdog: Watchdog,
  platforms: readonly string[],
): Promise<Runner> {
  const session = await openSession(sandbox, limits.statementMs);
  const runner: Runner = {
    sandbox,
    limits,
    watchdog,
    observer: observer(),
    transaction: new Transaction(),
    pretended: nothingPretended(),
    platforms,
    made: new Set(),
    session,
    stale: false,
  };
  await runner.observer.begin(session);
  return runner;
}

/** Sends a text under the watchdog; leaves the transaction usable. */
export async function attempt(runner: Runner, text: string, steers = false): Promise<Refusal | undefined> {
  const { session } = runner;
  const inside = session.status() === "T" && !steers;
  if (inside) await session.own(`savepoint ${SAVEPOINT}`);
  const { result, reason } = await runner.watchdog.guard(session, () => session.run(text));
  if (session.status() === "E" && !steers)
    await session.own(`rollback to savepoint ${SAVEPOINT}; release savepoint ${SAVEPOINT}`);
  else if (session.status() === "E") await session.own("rollback");
  else if (inside && session.status() === "T") await session.own(`release savepoint ${SAVEPOINT}`);
  if (reason === null) return result;
  return { sqlstate: result?.sqlstate ?? null, message: `ended, because ${reason}` };
}

/** Logs in again; what was not committed is lost. */
export async function reconnect(runner: Runner): Promise<void> {
  runner.session.destroy();
  await runner.sandbox.admin(`alter role ${OWNER} login connection limit -1 valid until 'infinity'`);
  runner.session = await openSession(runner.sandbox, runner.limits.statementMs);
  runner.stale = false;
}
