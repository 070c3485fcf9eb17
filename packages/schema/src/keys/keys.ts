/**
 * Token keys by id, so that they can change without downtime: the new key signs, the old one stays valid until it is retired.
 */
import type { Queryable } from "../db/queryable.ts";
import { kitError } from "../errors/kit-error.ts";
import { recordChange } from "../install/record-change.ts";
import { withKit } from "../install/with-kit.ts";
import { formatKey, newKey, parseKey } from "./key-material.ts";
import { keyIds, storeKey } from "./store-keys.ts";

/** A key, without its secret. */
export interface KeyInfo {
  readonly kid: string;
  readonly state: "active" | "retiring";
  readonly createdAt: Date;
}

/** A new key and what became of the old ones. */
export interface RotateReport {
  /** WATERTIGHT_KEY for the application. Keep it secret; it is shown this once. */
  readonly key: string;
  readonly kid: string;
  /** Keys that stay valid until {@link retireKey}. */
  readonly retiring: string[];
}

/** The keys of this database, newest first. */
export async function listKeys(db: Queryable): Promise<KeyInfo[]> {
  return withKit(db, false, async (tx) => {
    const rows = await tx.rows(
      `select kid, state, created_at as "createdAt" from watertight.key order by created_at desc, kid`,
    );
    return rows as KeyInfo[];
  });
}

/**
 * Adds a key and marks the others as retiring. Deploy the new key, then retire the old ones.
 * @example const { key, retiring } = await rotateKey(client);
 * @throws KitError WT_KIT_KEY when the given key's id exists
 */
export async function rotateKey(db: Queryable, options: { key?: string } = {}): Promise<RotateReport> {
  return withKit(db, false, async (tx) => {
    const kids = await keyIds(tx);
    const key = options.key === undefined ? newKey(kids) : parseKey(options.key);
    if (kids.has(key.kid)) throw kitError("WT_KIT_KEY", { detail: `key id ${key.kid} exists here` });
    await tx.run("update watertight.key set state = 'retiring' where state = 'active'");
    await storeKey(tx, key);
    await recordChange(tx, "key_rotated", null, { kid: key.kid });
    return { key: formatKey(key), kid: key.kid, retiring: [...kids] };
  });
}

/**
 * Ends a key: tokens signed with it are refused from now on.
 * @example await retireKey(client, "k4q7");
 * @throws KitError WT_KIT_KEY for an unknown id, WT_KIT_KEY_LAST for the key that signs
 */
export async function retireKey(db: Queryable, kid: string): Promise<void> {
  await withKit(db, false, async (tx) => {
    // two people who retire one key each must not retire both
    const keys = await tx.rows("select kid, state from watertight.key order by kid for update");
    const key = keys.find((each) => each.kid === kid);
    if (!key) throw kitError("WT_KIT_KEY", { detail: `no key ${kid} here` });
    if (!keys.some((each) => each.kid !== kid && each.state === "active")) throw kitError("WT_KIT_KEY_LAST");
    await tx.run("delete from watertight.key where kid = $1", [kid]);
    await recordChange(tx, "key_retired", null, { kid });
  });
}
