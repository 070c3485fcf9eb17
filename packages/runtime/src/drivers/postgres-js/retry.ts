/**
 * Tries a call again where that is right: the tenant was found to live elsewhere, the clocks drifted, a snapshot was
 * older than a move, a prepared statement was lost, a parameter's type changed. Everything that failed was rolled back
 * by the server, so nothing happens twice.
 */
import { emitEvent } from "../../context/events.ts";
import { readNotServed } from "../../scope/classify.ts";
import type { Engine } from "./engine.ts";
import type { Locations } from "./locations.ts";
import { asSqlError, readError, translate } from "./sql-error.ts";

const staleLimit = 3;
// A value that no longer fits the type learnt for it: column altered, function replaced.
const typeErrors = new Set(["42804", "42883", "22P02", "22003", "22007", "22008"]);

/** What the next attempt must do differently. */
export interface Tries {
  /** Send statements without names. */
  unnamed?: boolean;
  clock?: boolean;
  rerouted?: boolean;
  types?: boolean;
  stale: number;
}

/**
 * @param attempt makes one attempt; throws the driver's error as it is
 * @param forget forgets learnt parameter types of the call; true when there were any
 */
export async function withRetries<T>(
  locations: Locations,
  tenant: string,
  timed: boolean,
  attempt: (engine: Engine, tries: Tries) => Promise<T>,
  forget: () => boolean = () => false,
): Promise<T> {
  const tries: Tries = { stale: 0 };
  for (;;) {
    const engine = await locations.engineOf(tenant);
    if (engine.profile === undefined) await engine.ready();
    try {
      return await attempt(engine, tries);
    } catch (error) {
      if (!(await again(locations, engine, tenant, error, tries, forget))) throw translate(error, tenant, timed);
    }
  }
}

async function again(
  locations: Locations,
  engine: Engine,
  tenant: string,
  error: unknown,
  tries: Tries,
  forget: () => boolean,
): Promise<boolean> {
  switch (readError(error)) {
    case "not-served":
      if (!locations.routed || tries.rerouted) return false;
      tries.rerouted = true;
      await locations.refresh(tenant, readNotServed(asSqlError(error)).goto);
      return true;
    case "token-expired":
      if (tries.clock) return false;
      tries.clock = true;
      await engine.remeasure();
      return true;
    case "stale-snapshot":
      if (tries.stale >= staleLimit) return false;
      emitEvent("stale-retry", { tenant, attempt: ++tries.stale });
      return true;
    case "statement-lost":
      if (tries.unnamed) return false;
      tries.unnamed = true;
      return true;
    default:
      if (tries.types || !typeErrors.has(asSqlError(error).code ?? "")) return false;
      tries.types = true;
      return forget();
  }
}
