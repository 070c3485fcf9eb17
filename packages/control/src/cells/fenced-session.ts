/**
 * A session on a cell for one step of one operation, fenced by the operation's token: it ends every session that an earlier lease of the same
 * operation left on that server, and acts only after it has asked the catalog whether it still holds the lease. A worker that slept through
 * the end of its lease finds its session gone, and no new one. Must never be shared between operations, nor outlive its step.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Queryable } from "@watertight/schema";
import pg from "pg";
import { controlError } from "../errors/control-error.ts";
import type { StepContext } from "../operations/operation.ts";

/** Limits of a session, in milliseconds. */
export interface SessionLimits {
  /** Default 30,000. */
  readonly statementMs?: number;
  /** Default 5,000. */
  readonly lockMs?: number;
}

const prefix = (operation: string): string => `watertight ${operation} `;

/**
 * Runs `fn` on a fenced session.
 * @throws ControlError WT_OPERATION_LEASE_LOST, WT_CELL_UNREACHABLE
 */
export async function onCell<T>(
  context: StepContext<never>,
  connectionString: string,
  fn: (session: Queryable) => Promise<T>,
  { statementMs = 30_000, lockMs = 5000 }: SessionLimits = {},
): Promise<T> {
  const { operation, signal } = context;
  signal.throwIfAborted();
  const client = new pg.Client({
    connectionString,
    application_name: prefix(operation.id) + operation.leaseToken,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    options: `-c statement_timeout=${statementMs} -c lock_timeout=${lockMs} -c idle_in_transaction_session_timeout=${statementMs}`,
  });
  let lost: Error | undefined;
  client.on("error", (error) => {
    lost = error;
  });
  const stop = (): void => void client.end().catch(() => {});
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
    await context.commit(async () => {});
    return await fn(client);
  } catch (error) {
    signal.throwIfAborted();
    throw lost === undefined ? error : controlError("WT_CELL_UNREACHABLE", { detail: lost.message, cause: error });
  } finally {
    signal.removeEventListener("abort", stop);
    await client.end().catch(() => {});
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
