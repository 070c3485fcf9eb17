/**
 * What pool.connect() hands out: the client itself, seen through a view that is valid until release. Without it a
 * handler that keeps a released client would go on as the next borrower's tenant.
 */
import { emitEvent } from "../../context/events.ts";
import { failure } from "../../errors/errors.ts";
import { answer } from "./callback-style.ts";
import type { Callback, PgClient, Release } from "./shapes.ts";
import type { TenantClient } from "./tenant-client.ts";

export interface Lease {
  /** The view to hand out. */
  readonly client: PgClient;
  readonly release: Release;
  /** Ends the view without giving the connection back. */
  end(): void;
}

/**
 * Gives a connection back, or destroys it when the next borrower must not inherit its state.
 * Never trusts the borrower: an open transaction, an unanswered query or a cancelled one all mean destruction.
 */
export function giveBack(
  client: TenantClient,
  release: Release,
  tenant: string | undefined,
  error?: Error | boolean,
): void {
  const { condemned, readOnly } = client.link;
  if (condemned) return void condemned.then(() => release(true));
  const status = client.getTransactionStatus();
  // Status alone is not enough: it is the status of the last answer, and one may be outstanding.
  if (client.readyForQuery && status === "I" && !readOnly) return release(error);
  // A broken socket is not the borrower's doing.
  if (client._queryable && !client._ending) emitEvent("dirty-release", { tenant, status });
  release(error || true);
}

/**
 * A lease bound to a tenant; without one it takes the tenant of its first query.
 * @param ownRelease what the view offers as release(), when that must not give the connection back
 */
export function makeLease(
  client: TenantClient,
  release: Release,
  tenant: string | undefined,
  ownRelease?: Release,
): Lease {
  let bound = tenant;
  let ended = false;
  const query = (config: unknown, values?: unknown, callback?: Callback): unknown => {
    if (ended) return answer(() => Promise.reject(failure("WT_SCOPE_ENDED")), callback ?? values);
    bound ??= client.engine.ambient();
    return client.queryAs(bound, config, values, callback);
  };
  const giveUp: Release = (error) => {
    // The second call gets pg-pool's own complaint.
    if (ended) return release(error);
    ended = true;
    giveBack(client, release, bound, error);
  };
  const view = new Proxy(client, {
    get(target, property) {
      if (property === "query") return query;
      if (property === "release") return ownRelease ?? giveUp;
      return Reflect.get(target, property, target) as unknown;
    },
  });
  return { client: view, release: giveUp, end: () => void (ended = true) };
}
