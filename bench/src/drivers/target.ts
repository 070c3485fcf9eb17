/**
 * One way of asking, with its connections: what the harness times. Must hide the driver and nothing else: a call is the line of
 * code that a user of that driver would write.
 */
import type { CaseName } from "../data/cases.ts";
import type { Caller } from "../data/tables.ts";

/** Libraries under test. */
export type Driver = "pg" | "postgres-js" | "pglite";
/** All drivers. */
export const drivers: readonly Driver[] = ["pg", "postgres-js", "pglite"];

/** Ways of asking. `awaited` is what applications do by hand: BEGIN, set_config, query, COMMIT, each awaited. */
export type Variant = "unscoped" | "awaited" | "plain" | "sealed" | "hostile";
/** All variants. */
export const variants: readonly Variant[] = ["unscoped", "awaited", "plain", "sealed", "hostile"];

/** Where a target connects, and how wide. */
export interface Endpoint {
  /** URL for a database URL, through the transport that is measured. */
  through(url: string): string;
  readonly connections: number;
  /** Marks the backends, so that their CPU can be found. */
  readonly applicationName: string;
}

/** Something that can be called and timed. */
export interface Target {
  readonly driver: Driver;
  readonly variant: Variant;
  /** Whether statements are prepared under a name. */
  readonly named: boolean;
  /** Connections that this target may open. */
  readonly connections: number;
  /** One call; resolves to the number of rows. */
  call(name: CaseName, caller: Caller, n: number): Promise<number>;
  close(): Promise<void>;
}
