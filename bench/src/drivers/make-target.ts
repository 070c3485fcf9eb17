/**
 * From a driver's name to its targets.
 */
import type { Environment } from "../environment/environment.ts";
import { pgTarget } from "./pg.ts";
import { pgliteTarget } from "./pglite.ts";
import { postgresJsTarget } from "./postgres-js.ts";
import type { Driver, Endpoint, Target, Variant } from "./target.ts";

/** Makes a target; connections are opened by its first calls. */
export async function makeTarget(
  driver: Driver,
  environment: Environment,
  endpoint: Endpoint,
  variant: Variant,
  named: boolean,
): Promise<Target> {
  switch (driver) {
    case "pg":
      return pgTarget(environment, endpoint, variant, named);
    case "postgres-js":
      return postgresJsTarget(environment, endpoint, variant, named);
    case "pglite":
      return pgliteTarget(await environment.pglite(), variant);
  }
}
