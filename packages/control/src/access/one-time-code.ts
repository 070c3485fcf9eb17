/**
 * One-time codes: 60 random bits that a person reads from a terminal and gives for a token, once and within five minutes. Kept as a hash; five wrong tries end
 * one. Unknown, wrong, used and expired get the same answer. Must never stand in a URL or a log.
 */
import { createHash, randomInt, timingSafeEqual } from "node:crypto";
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type CatalogPool, inTransaction } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { AccessRole } from "./roles.ts";
import { insertToken, revokeTokenIn } from "./tokens.ts";

/** No I, L, O, U: nobody mixes them up with digits, or reads a word. */
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const mostTries = 5;
const lifeMs = 5 * 60_000;

/** A code as it is shown, this once. */
export interface OneTimeCode {
  readonly id: string;
  /** For example K7QF-2M9D-X4TB-80ZE; the first four letters name it, the rest is secret. */
  readonly code: string;
  readonly expiresAt: Date;
}

const random = (length: number): string => Array.from({ length }, () => letters[randomInt(letters.length)]).join("");
const hashOf = (id: string, secret: string): Buffer => createHash("sha256").update(`${id}\0${secret}`).digest();

/**
 * Makes a code.
 * @param roles of the token that it is given for
 * @param options days: how long that token lives, default 1; lifeMs: how long the code does, at most and by default five minutes
 * @throws ControlError WT_CATALOG_INPUT
 */
export async function createOneTimeCode(
  pool: CatalogPool,
  actor: Actor,
  roles: readonly AccessRole[],
  options: { readonly days?: number; readonly lifeMs?: number } = {},
): Promise<OneTimeCode> {
  const { days = 1, lifeMs: life = lifeMs } = options;
  if (!(days > 0 && days <= 366) || !(life > 0 && life <= lifeMs))
    throw controlError("WT_CATALOG_INPUT", {
      detail: "a one-time code lives for five minutes at most, its token for 366 days",
    });
  return inTransaction(pool, async (tx) => {
    // their tokens and the audit log tell of them; the row of one that is long over is worth nothing
    await tx.query(
      "delete from watertight_catalog.one_time_code where expires_at < clock_timestamp() - interval '30 days'",
    );
    for (;;) {
      const [id, secret] = [random(4), random(12)];
      const { rows } = await tx.query(
        `insert into watertight_catalog.one_time_code (id, hash, roles, token_days, created_by, expires_at)
         values ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 ms') on conflict do nothing returning expires_at as "expiresAt"`,
        [id, hashOf(id, secret), roles, days, actor.name, life],
      );
      if (rows.length === 0) continue;
      await appendAudit(tx, actor, "code.created", `code:${id}`, { roles, seconds: life / 1000 });
      const groups = [id, secret.slice(0, 4), secret.slice(4, 8), secret.slice(8)];
      return { id, code: groups.join("-"), expiresAt: rows[0]!["expiresAt"] as Date };
    }
  });
}

/** Gives the token for a code; undefined for one that is unknown, wrong, used, ended or expired. */
export async function redeemOneTimeCode(
  pool: CatalogPool,
  code: string,
): Promise<
  | { readonly id: string; readonly token: string; readonly roles: readonly AccessRole[]; readonly expiresAt: Date }
  | undefined
> {
  const typed = code.toUpperCase().replaceAll(/[\s-]/g, "");
  const [, id, secret] = new RegExp(`^([${letters}]{4})([${letters}]{12})$`).exec(typed) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return inTransaction(pool, async (tx) => {
    // whoever comes second waits here, and finds it used
    const { rows } = await tx.query(
      `select hash, roles, token_days as days, created_by as "createdBy",
              used_at is null and ended_at is null and expires_at > clock_timestamp() and wrong_tries < $2 as live
         from watertight_catalog.one_time_code where id = $1 for update`,
      [id, mostTries],
    );
    const found = rows[0] as
      | { hash: Buffer; roles: AccessRole[]; days: number; createdBy: string; live: boolean }
      | undefined;
    // compared also where there is none, or where it is over: neither is to be told apart by the time it takes
    const right = timingSafeEqual(found?.hash ?? hashOf("", ""), hashOf(id, secret));
    if (found === undefined || !found.live) return undefined;
    if (!right) {
      await wrongTry(tx, id);
      return undefined;
    }
    // named for its maker: whoever can make a code has seen it, and is no second person to its token
    const made = await insertToken(
      tx,
      { name: found.createdBy },
      `code ${id} ${new Date().toISOString()}`,
      found.roles,
      found.days,
    );
    await tx.query(
      "update watertight_catalog.one_time_code set used_at = clock_timestamp(), token = $2 where id = $1",
      [id, made.id],
    );
    await appendAudit(tx, { name: found.createdBy }, "code.redeemed", `code:${id}`, { token: made.id });
    return { ...made, roles: found.roles, expiresAt: new Date(Date.now() + found.days * 86_400_000) };
  });
}

async function wrongTry(tx: Queryable, id: string): Promise<void> {
  const { rows } = await tx.query(
    "update watertight_catalog.one_time_code set wrong_tries = wrong_tries + 1 where id = $1 returning wrong_tries as n",
    [id],
  );
  if (rows[0]!["n"] === mostTries)
    await appendAudit(tx, { name: "one-time code" }, "code.ended", `code:${id}`, { wrongTries: mostTries });
}

/** Ends a code, and the token that was given for it. A second call changes nothing. */
export async function endOneTimeCode(pool: CatalogPool, actor: Actor, id: string): Promise<void> {
  await inTransaction(pool, async (tx) => {
    const { rows } = await tx.query(
      "update watertight_catalog.one_time_code set ended_at = coalesce(ended_at, clock_timestamp()) where id = $1 returning token",
      [id],
    );
    const token = rows[0]?.["token"] as string | null | undefined;
    if (token !== null && token !== undefined) await revokeTokenIn(tx, actor, token);
  });
}
