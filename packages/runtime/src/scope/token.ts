/**
 * Context tokens: what the application sends to prove that it may open a tenant. A token is a bearer value, so it is
 * short-lived, bound to one backend where possible, sent only as a bind parameter, and never part of an error or log.
 */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { failure } from "../errors/errors.ts";
import { checkRange } from "./check-option.ts";

/** One signing key. The secret is a KeyObject, so that printing the key shows nothing. */
export interface TokenKey {
  readonly kid: string;
  readonly secret: KeyObject;
}

/**
 * Reads the value of WATERTIGHT_KEY: `kid:base64url(32 bytes)`, kid four of a-z0-9, several separated by commas; the first one signs.
 * @throws ConfigurationError WT_KEY_INVALID
 */
export function parseKeys(text: string | undefined): readonly [TokenKey, ...TokenKey[]] {
  const [first, ...rest] = (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)
    .map(parseKey);
  if (!first) throw failure("WT_KEY_INVALID");
  return [first, ...rest];
}

function parseKey(part: string): TokenKey {
  const [, kid, encoded] = /^([a-z0-9]{4}):([\w-]{43})=?$/.exec(part) ?? [];
  if (!kid || !encoded) throw failure("WT_KEY_INVALID");
  return { kid, secret: createSecretKey(Buffer.from(encoded, "base64url")) };
}

/** What a token says. */
export interface TokenContent {
  readonly key: TokenKey;
  /** Canonical tenant id. */
  readonly tenant: string;
  /** Process id of the backend that may use it; 0 where a pooler hides the backend. */
  readonly pid: number;
  /** Unix time in whole seconds, on the database's clock. */
  readonly expiresAt: number;
}

/**
 * Signs a token: 32 bytes HMAC-SHA256 over the rest, then 8 bytes expiry and 4 bytes backend pid (big-endian), 4 bytes key id, the tenant
 * in UTF-8: fixed positions, because every string function that the database saves is saved on every query. Returned as PostgreSQL's
 * text form of a bytea (`\x…`), which every driver can send as an ordinary parameter.
 * About 5 us in Node 20, which is why callers keep tokens for half their life.
 */
export function mintToken({ key, tenant, pid, expiresAt }: TokenContent): string {
  const body = Buffer.alloc(16 + Buffer.byteLength(tenant));
  body.writeBigInt64BE(BigInt(expiresAt));
  body.writeUInt32BE(pid, 8);
  body.write(key.kid, 12, "latin1");
  body.write(tenant, 16);
  return `\\x${createHmac("sha256", key.secret).update(body).digest("hex")}${body.toString("hex")}`;
}

/** Mints tokens in database time and says how long each may be reused. */
export class TokenSource {
  /** Database clock minus ours, in milliseconds; measured by the handshake. */
  clockOffsetMs: number = 0;
  readonly #key: TokenKey;
  readonly #lifeSeconds: number;

  constructor(keys: readonly [TokenKey, ...TokenKey[]], lifeSeconds: number) {
    checkRange("tokenLifeSeconds", lifeSeconds, 2, 300);
    this.#key = keys[0];
    this.#lifeSeconds = lifeSeconds;
  }

  /** How long a token may be reused, in milliseconds: half its life, so that it never expires on the way. */
  get reuseMs(): number {
    return this.#lifeSeconds * 500;
  }

  /** A new token for a tenant on a backend (0: any backend). */
  mint(tenant: string, pid: number): string {
    const expiresAt = Math.floor((Date.now() + this.clockOffsetMs) / 1000) + this.#lifeSeconds;
    return mintToken({ key: this.#key, tenant, pid, expiresAt });
  }
}
