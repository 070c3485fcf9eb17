/**
 * Events for operators: denied access, missing context, unscoped use. One set of listeners per process, shared by
 * copies of this package. A listener must never be able to break or delay a request.
 */

/** What each event carries. Tenant ids in here are the asking tenant's own. */
export interface TenancyEvents {
  /** The database refused a statement (42501), or a context error was raised. */
  denied: { code: string; tenant: string | undefined; relation?: string | undefined; sqlstate?: string | undefined };
  /** Code asked for a connection or query without a tenant. */
  "missing-context": { surface: string };
  /** A required row was not there and was reported out of band. */
  probe: { tenant: string; relation: string };
  /** Cross-tenant work started. */
  unscoped: { reason: string };
  /** A connection came back in a state that the next borrower must not inherit, and was destroyed. */
  "dirty-release": { tenant: string | undefined; status: string | null };
  /** A tenant was found to be served elsewhere, and the route was refreshed. */
  reroute: { tenant: string; location: string };
  /** A stale snapshot of a moved tenant was retried. */
  "stale-retry": { tenant: string; attempt: number };
  /** Connections of a server are closed and opened in turn, because its budget is smaller than the working set. */
  thrash: {
    server: string;
    budget: number;
    hitRate: number;
    missesPerSecond: number;
    evictionsPerSecond: number;
    suggestedBudget: number;
  };
  /** Something works, but less well than it should. */
  warning: { message: string; cause?: unknown };
}

/** The name of an event. */
export type TenancyEvent = keyof TenancyEvents;

type Listener = (payload: never) => void;

const symbol = Symbol.for("watertight.events.v1");
const shared = globalThis as unknown as Record<symbol, Map<string, Set<Listener>> | undefined>;
const listeners: Map<string, Set<Listener>> = (shared[symbol] ??= new Map());

/** Adds a listener and returns the function that removes it again. */
export function onEvent<E extends TenancyEvent>(event: E, listener: (payload: TenancyEvents[E]) => void): () => void {
  let set = listeners.get(event);
  if (set === undefined) listeners.set(event, (set = new Set()));
  set.add(listener as Listener);
  return () => void set.delete(listener as Listener);
}

/** Tells the listeners. A listener that throws becomes a process warning: security reporting must not fail a request. */
export function emitEvent<E extends TenancyEvent>(event: E, payload: TenancyEvents[E]): void {
  for (const listener of listeners.get(event) ?? []) {
    try {
      (listener as (payload: TenancyEvents[E]) => void)(payload);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error), "WatertightListener");
    }
  }
}
