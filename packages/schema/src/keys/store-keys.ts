/**
 * Writes keys into the database, as pads; the caller is a member of the owner role, who alone can read them back.
 */
import { randomBytes } from "node:crypto";
import type { KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import { type KeyMaterial, pads } from "./key-material.ts";

/** The database's own seal key: made once, random, known to nobody. */
export async function makeSeal(tx: KitTransaction): Promise<void> {
  const { ipad, opad } = pads(randomBytes(32));
  await tx.run("insert into watertight.seal (ipad, opad) values ($1, $2)", [ipad, opad]);
}

/** Adds a token key. */
export async function storeKey(tx: KitTransaction, key: KeyMaterial): Promise<void> {
  const { ipad, opad } = pads(key.secret);
  await tx.run("insert into watertight.key (kid, app_ipad, app_opad) values ($1, $2, $3)", [key.kid, ipad, opad]);
  // an empty-looking table gets a plan that costs every query of every tenant
  const [fence] = await tx.rows("select pg_catalog.to_regclass('watertight.fence') is not null as there");
  await tx.run(`analyze watertight.key, watertight.seal${fence!.there ? ", watertight.fence" : ""}`);
}

/** The key ids here. */
export async function keyIds(tx: KitTransaction): Promise<Set<string>> {
  return new Set((await tx.rows("select kid from watertight.key")).map((row) => row.kid as string));
}

/** Throws when a key that exists here has another secret. */
export async function requireSameKey(tx: KitTransaction, key: KeyMaterial): Promise<void> {
  const [row] = await tx.rows("select app_ipad = $2 as same from watertight.key where kid = $1", [
    key.kid,
    pads(key.secret).ipad,
  ]);
  if (!row?.same) throw kitError("WT_KIT_KEY", { detail: `key id ${key.kid} exists here with another secret` });
}
