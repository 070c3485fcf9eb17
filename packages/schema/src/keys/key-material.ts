/**
 * Key material: the application's token key travels as `kid:base64url(32 bytes)` (kid: four of a-z0-9), the database holds HMAC pads only. The seal key is
 * separate, random, and never leaves the database. Must never print a secret.
 */
import { randomBytes, randomInt } from "node:crypto";
import { kitError } from "../errors/kit-error.ts";

/** A token key with its id. */
export interface KeyMaterial {
  readonly kid: string;
  readonly secret: Buffer;
}

/** Reads `kid:base64url(32 bytes)`. */
export function parseKey(text: string): KeyMaterial {
  const match = /^([a-z0-9]{4}):([A-Za-z0-9_-]{43})=?$/.exec(text);
  if (!match)
    throw kitError("WT_KIT_KEY", {
      detail: "not of the form kid:base64url(32 bytes)",
      next: "Leave the key out to have one made.",
    });
  return { kid: match[1]!, secret: Buffer.from(match[2]!, "base64url") };
}

/** The form in which the application gets it: WATERTIGHT_KEY. */
export function formatKey(key: KeyMaterial): string {
  return `${key.kid}:${key.secret.toString("base64url")}`;
}

/**
 * A new key under an id that is not taken. The id is random, so that a retired id does not come back with another secret
 * ("unknown key" tells an operator more than "bad signature").
 */
export function newKey(taken: ReadonlySet<string>): KeyMaterial {
  for (;;) {
    const kid = `k${randomInt(36 ** 3)
      .toString(36)
      .padStart(3, "0")}`;
    if (!taken.has(kid)) return { kid, secret: randomBytes(32) };
  }
}

/** HMAC pads of RFC 2104 for a secret of at most 64 bytes: secret xor 0x36…, secret xor 0x5c…. */
export function pads(secret: Buffer): { ipad: Buffer; opad: Buffer } {
  const block = Buffer.alloc(64);
  secret.copy(block);
  return { ipad: Buffer.from(block.map((byte) => byte ^ 0x36)), opad: Buffer.from(block.map((byte) => byte ^ 0x5c)) };
}
