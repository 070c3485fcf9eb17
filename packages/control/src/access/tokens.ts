/**
 * Tokens of the API: shown once, kept as a hash. A token is `wt_<id>_<secret>`; the secret has 256 random bits, so one round of SHA-256 is
 * enough. Must never write a token anywhere but into its maker's hand.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { newId } from "../catalog/ids.ts";
import { refused } from "../catalog/refused.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { AccessRole } from "./roles.ts";

/** Who a token speaks for. */
export interface TokenHolder {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly AccessRole[];
}

const hashOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/**
 * Makes a token.
 * @param days until it ends; default 90
 * @returns the token, this once
 * @throws ControlError WT_CATALOG_DUPLICATE, WT_CATALOG_INPUT
 */
export async function createToken(
  pool: CatalogPool,
  actor: Actor,
  name: string,
  roles: readonly AccessRole[],
  days: number = 90,
): Promise<{ readonly id: string; readonly token: string }> {
  return inTransaction(pool, (tx) => insertToken(tx, actor, name, roles, days));
}

/** {@link createToken} in the caller's transaction. */
export async function insertToken(
  tx: Queryable,
  actor: Actor,
  name: string,
  roles: readonly AccessRole[],
  days: number,
): Promise<{ readonly id: string; readonly token: string }> {
  const id = newId("tok").slice(4);
  const secret = randomBytes(32).toString("base64url");
  if (!(days > 0 && days <= 366)) throw controlError("WT_CATALOG_INPUT", { detail: "a token lives for 1 to 366 days" });
  await tx
    .query(
      `insert into watertight_catalog.api_token (id, name, hash, roles, created_by, expires_at) values ($1, $2, $3, $4, $5, now() + $6 * interval '1 day')`,
      [id, name, hashOf(secret), roles, actor.name, days],
    )
    .catch((error: unknown) => {
      throw refused(error, `token ${name}`);
    });
  await appendAudit(tx, actor, "token.created", `token:${id}`, { name, roles, days });
  return { id, token: `wt_${id}_${secret}` };
}

/** Ends a token at once. @throws ControlError WT_CATALOG_NOT_FOUND */
export async function revokeToken(pool: CatalogPool, actor: Actor, id: string): Promise<void> {
  await inTransaction(pool, (tx) => revokeTokenIn(tx, actor, id));
}

/** {@link revokeToken} in the caller's transaction. */
export async function revokeTokenIn(tx: Queryable, actor: Actor, id: string): Promise<void> {
  const { rows } = await tx.query(
    "update watertight_catalog.api_token set revoked_at = coalesce(revoked_at, now()) where id = $1 returning name",
    [id],
  );
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `token ${id}` });
  await appendAudit(tx, actor, "token.revoked", `token:${id}`, { name: rows[0]!["name"] });
}

/** Who a token speaks for now; undefined for one that is unknown, wrong, ended or revoked. */
export async function readToken(pool: CatalogPool, token: string): Promise<TokenHolder | undefined> {
  const [, id, secret] = /^wt_([0-9a-z]{20})_([\w-]{43})$/.exec(token) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return withConnection(pool, async (db: Queryable) => {
    const { rows } = await db.query(
      "select id, name, roles, hash from watertight_catalog.api_token where id = $1 and revoked_at is null and expires_at > now()",
      [id],
    );
    const found = rows[0] as (TokenHolder & { hash: Buffer }) | undefined;
    if (found === undefined || !timingSafeEqual(found.hash, hashOf(secret))) return undefined;
    return { id: found.id, name: found.name, roles: found.roles };
  });
}
