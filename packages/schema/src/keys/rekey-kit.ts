/**
 * Keys for a database that was copied from another one. A copy carries its source's seal and token keys: whoever could open the source could
 * open every copy. Must never keep a key of the source, and must change nothing when it is called again with the same key.
 */
import type { Queryable } from "../db/queryable.ts";
import { withKit } from "../install/with-kit.ts";
import { parseKey } from "./key-material.ts";
import { keyIds, makeSeal, requireSameKey, storeKey } from "./store-keys.ts";

/**
 * Gives a copied database the given token key, and no other, and a new seal. Without a key it takes all away: a template holds none.
 * @example await rekeyKit(client, "k4q7:…");
 * @throws KitError WT_KIT_KEY, WT_KIT_NOT_INSTALLED
 */
export async function rekeyKit(db: Queryable, key?: string): Promise<void> {
  await withKit(db, false, async (tx) => {
    const wanted = key === undefined ? undefined : parseKey(key);
    const kids = await keyIds(tx);
    if (wanted && kids.size === 1 && kids.has(wanted.kid)) return requireSameKey(tx, wanted);
    await tx.run("delete from watertight.key");
    await tx.run("delete from watertight.seal");
    if (!wanted) return;
    await makeSeal(tx);
    await storeKey(tx, wanted);
  });
}
