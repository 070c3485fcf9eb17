/**
 * Step: keys of the database's own. The template holds none; a copy gets the key that was kept for it and a seal that nobody knows, so that a
 * key of one database opens no other.
 */
import { rekeyKit, type Queryable } from "@watertight/schema";
import { onPlace } from "../cells/on-place.ts";
import { controlError } from "../errors/control-error.ts";
import type { Step } from "../operations/operation.ts";
import { type Place, type PlaceFinder, placeOf, type ProvisioningOptions } from "./place.ts";

/** Puts the place's key in. Its undo is that of the database. */
export function keysStep<I>({ secrets }: ProvisioningOptions, finder: PlaceFinder<I>): Step<I> {
  const keyOf = async (place: Place): Promise<string> => {
    if (place.keySecret === null) throw controlError("WT_SECRET", { detail: `location ${place.id} has no key` });
    return secrets.read(place.keySecret);
  };
  return {
    name: "keys",
    async observe(context) {
      const place = await placeOf(context, finder);
      const [kid] = (await keyOf(place)).split(":");
      return onPlace(context as never, secrets, { cell: place.onCell, database: place.database }, (session) =>
        hasKey(session, kid!),
      );
    },
    async act(context) {
      const place = await placeOf(context, finder);
      const key = await keyOf(place);
      await onPlace(context as never, secrets, { cell: place.onCell, database: place.database }, async (session) => {
        await rekeyKit(session, key);
        context.failpoint("keys.inside");
      });
    },
  };
}

async function hasKey(session: Queryable, kid: string): Promise<boolean> {
  const { rows } = await session.query(
    "select (select pg_catalog.array_agg(k.kid) from watertight.key k) = array[$1::text] and exists (select from watertight.seal) as yes",
    [kid],
  );
  return rows[0]!["yes"] === true;
}
