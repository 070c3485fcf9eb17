/**
 * The ambient tenant: an AsyncLocalStorage under a registered global symbol, so that two copies of this package in
 * one process share it (two stores would lose the tenant). It only remembers; it never decides what is allowed.
 */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { failure } from "../errors/errors.ts";
import { emitEvent, onEvent, type TenancyEvent, type TenancyEvents } from "./events.ts";

interface AmbientScope {
  readonly tenant: string;
}

const symbol = Symbol.for("watertight.context.v1");
const shared = globalThis as unknown as Record<symbol, AsyncLocalStorage<AmbientScope> | undefined>;
const storage: AsyncLocalStorage<AmbientScope> = (shared[symbol] ??= new AsyncLocalStorage<AmbientScope>());

/** The ambient tenant of the calling code, or undefined. */
export function currentTenant(): string | undefined {
  return storage.getStore()?.tenant;
}

/** A function that runs in the context of this call, whoever calls it. */
export function inThisContext<A extends unknown[]>(fn: (...args: A) => void): (...args: A) => void {
  return AsyncResource.bind(fn);
}

/** Reads and sets the ambient tenant, and tells about events. */
export interface Tenancy {
  /**
   * Runs `fn` with `tenant` as its ambient tenant and awaits it inside the scope, so that lazy query builders, which
   * only run when they are awaited, can't run as somebody else. A nested run for another tenant is a new scope.
   * @example const rows = await tenancy.run(tenantId, () => pool.query('select * from invoice'));
   * @throws ContextError WT_TENANT_INVALID when the id is not a non-empty string.
   */
  run<T>(tenant: string, fn: () => T | PromiseLike<T>): Promise<T>;
  /** The ambient tenant, or undefined. */
  current(): string | undefined;
  /** The ambient tenant. @throws ContextError WT_NO_TENANT */
  require(): string;
  /** Adds a listener; the returned function removes it. */
  on<E extends TenancyEvent>(event: E, listener: (payload: TenancyEvents[E]) => void): () => void;
}

/** The one entry to ambient context. */
export const tenancy: Tenancy = {
  async run<T>(tenant: string, fn: () => T | PromiseLike<T>): Promise<T> {
    // The id's type is the pool's business; here only what no pool would accept is refused.
    if (typeof tenant !== "string" || tenant === "") throw failure("WT_TENANT_INVALID");
    return await storage.run({ tenant }, async () => await fn());
  },
  current: currentTenant,
  require(): string {
    const tenant = currentTenant();
    if (tenant === undefined) {
      emitEvent("missing-context", { surface: "tenancy.require" });
      throw failure("WT_NO_TENANT");
    }
    return tenant;
  },
  on: onEvent,
};
