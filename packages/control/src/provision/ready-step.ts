/** Step: a place that several tenants will use is ready for them. Must never make one ready whose intrusion test has not ended. */
import { setLocationState } from "../catalog/placements.ts";
import { withConnection } from "../db/transaction.ts";
import type { Step } from "../operations/operation.ts";
import { findPlace, locationOf } from "./place.ts";

/** Makes the operation's own location ready. @param warm it waits for one tenant, who may have taken it already */
export function readyStep<I>(warm: boolean): Step<I> {
  return {
    name: "ready",
    observe: async ({ catalog, operation }) => {
      const place = await withConnection(catalog, (db) => findPlace(db, locationOf(operation.id)));
      // taken already: somebody was quick
      return place?.state === "ready" || (warm && place?.warm === false);
    },
    act: (context) =>
      context.commit((tx) => setLocationState(tx, context.actor, locationOf(context.operation.id), "ready")),
  };
}
