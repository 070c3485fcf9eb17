/**
 * A session on a cell for one step of one operation, fenced by the operation's token: it ends every session that an earlier lease of the same
 * operation left on that server, and acts only after it has asked the catalog whether it still holds the lease. A worker that slept through
 * the end of its lease finds its session gone, and no new one. Must never be shared between operations, nor outlive the run.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Queryable } from "@watertight/schema";
import pg from "pg";
import { controlError } from "../errors/control-error.ts";
import type { StepContext } from "../operations/operation.ts";
import { atRunEnd } from "../operations/run-end.ts";

/** Limits of a session, in milliseconds. */
export interface SessionLimits {
  /** Default 30,000. */
  readonly statementMs?: number;
  /** Default 5,000. */
  readonly lockMs?: number;
}

const prefix = (operation: string): string => `watertight ${operation} `;

/** An open session with what became of it. */
interface Session {
  readonly client: pg.Client;
  lost: Error | undefined;
  close(): Promise<void>;
}

/**
 * Runs `fn` on a fenced session of its own.
 * @throws ControlError WT_OPERATION_LEASE_LOST, WT_CELL_UNREACHABLE
 */
export async function onCell<T>(
  context: StepContext<never>,
  connectionString: string,
  fn: (session: Queryable) => Promise<T>,
  limits: SessionLimits = {},
): Promise<T> {
  const session = await open(context, connectionString, limits);
  try {
    return await use(context, session, fn);
  } finally {
    await session.close();
  }
}

const shared = new WeakMap<object, Map<string, Promise<Session>>>();

/**
 * Runs `fn` on the fenced session that the steps of this run share, opened at its first use. It needs no second question to the catalog: whoever
 * takes the lease ends it before acting, and then it says nothing more.
 * @throws ControlError WT_OPERATION_LEASE_LOST, WT_CELL_UNREACHABLE
 */
export async function onSharedSession<T>(
  context: StepContext<never>,
  connectionString: string,
  fn: (session: Queryable) => Promise<T>,
  limits: SessionLimits = {},
): Promise<T> {
  const { signal, run } = context;
  signal.throwIfAborted();
  const sessions = shared.get(run) ?? new Map<string, Promise<Session>>();
  shared.set(run, sessions);
  const known = sessions.get(connectionString);
  const opening = known ?? open(context, connectionString, limits);
  if (known === undefined) {
    sessions.set(connectionString, opening);
    atRunEnd(run, async () => (await opening).close());
  }
  try {
    const session = await opening;
    return await use(context, session, fn);
  } catch (error) {
    // after an error nobody knows what the session holds: the next one begins anew
    sessions.delete(connectionString);
    await opening.then((session) => session.close()).catch(() => {});
    throw error;
  }
}

async function open(
  context: StepContext<never>,
  connectionString: string,
  { statementMs = 30_000, lockMs = 5000 }: SessionLimits,
): Promise<Session> {
  const { operation, signal } = context;
  signal.throwIfAborted();
  const client = new pg.Client({
    connectionString,
    application_name: prefix(operation.id) + operation.leaseToken,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    options: `-c statement_timeout=${statementMs} -c lock_timeout=${lockMs} -c idle_in_transaction_session_timeout=${statementMs}`,
  });
  const stop = (): void => void client.end().catch(() => {});
  const session: Session = {
    client,
    lost: undefined,
    async close() {
      signal.removeEventListener("abort", stop);
      await client.end().catch(() => {});
    },
  };
  client.on("error", (error) => {
    session.lost = error;
  });
  try {
    await client.connect();
  } catch (error) {
    throw controlError("WT_CELL_UNREACHABLE", {
      detail: (error as { code?: string }).code ?? (error as Error).message,
      cause: error,
    });
  }
  signal.addEventListener("abort", stop, { once: true });
  try {
    await endEarlier(client, operation.id, operation.leaseToken, signal);
    // asked after the session is there: whoever takes the lease from now on finds it and ends it
    await context.confirm();
    return session;
  } catch (error) {
    await session.close();
    signal.throwIfAborted();
    throw error;
  }
}

async function use<T>(
  { signal }: StepContext<never>,
  session: Session,
  fn: (session: Queryable) => Promise<T>,
): Promise<T> {
  try {
    return await fn(session.client);
  } catch (error) {
    signal.throwIfAborted();
    const { lost } = session;
    throw lost === undefined ? error : controlError("WT_CELL_UNREACHABLE", { detail: lost.message, cause: error });
  }
}

// Only sessions of roles that this one may end: every role may give its session any name, and one that cannot be ended would stop the operation.
async function endEarlier(client: pg.Client, operation: string, token: string, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { rows } = await client.query(
      `select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
        where pg_catalog.left(application_name, $2) = $1 and pid <> pg_catalog.pg_backend_pid() and pg_catalog.pg_has_role(usesysid, 'USAGE')
          and pg_catalog.substr(application_name, $2 + 1) ~ '^[0-9]+$' and pg_catalog.substr(application_name, $2 + 1)::bigint < $3`,
      [prefix(operation), prefix(operation).length, token],
    );
    if (rows.length === 0) return;
    await sleep(50, undefined, { signal });
  }
  throw controlError("WT_CELL_UNREACHABLE", { detail: "a session of an earlier lease does not end" });
}
