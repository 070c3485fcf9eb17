/**
 * Repeated requests: `Idempotency-Key` on POST and PATCH. The same key with the same request gets the first answer again; with another request
 * 422; while the first is at work 409. Kept for 24 hours, for each caller. Must never repeat the work, nor keep an answer that is shown once.
 */
import { createHash } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import type { ApiEnv } from "./caller.ts";
import { problem } from "./problem.ts";

/** The middleware. */
export function idempotent(pool: CatalogPool): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined || !["POST", "PATCH"].includes(c.req.method)) return next();
    if (key === "" || Buffer.byteLength(key) > 255)
      return problem(c, 422, "WT_API_INPUT", "Idempotency-Key has 1 to 255 bytes.");
    const actor = c.get("caller").name;
    const request = createHash("sha256")
      .update(`${c.req.method}\n${new URL(c.req.url).pathname}\n${c.req.header("if-match") ?? ""}\n`)
      .update(await c.req.text())
      .digest();
    const before = await withConnection(pool, async (db) => {
      await db.query(
        "delete from watertight_catalog.idempotency where created_at < clock_timestamp() - interval '24 hours'",
      );
      // whose process died in the middle may try again after a minute
      const { rows: mine } = await db.query(
        `insert into watertight_catalog.idempotency as i (actor, key, request) values ($1, $2, $3)
         on conflict (actor, key) do update set created_at = clock_timestamp()
           where i.status is null and i.request = excluded.request and i.created_at < clock_timestamp() - interval '1 minute' returning 1 as yes`,
        [actor, key, request],
      );
      if (mine.length > 0) return undefined;
      const { rows } = await db.query(
        "select request, status, headers, body from watertight_catalog.idempotency where actor = $1 and key = $2",
        [actor, key],
      );
      return rows[0] as
        | { request: Buffer; status: number | null; headers: Record<string, string>; body: string }
        | undefined;
    });
    if (before !== undefined) {
      if (!before.request.equals(request))
        return problem(c, 422, "WT_API_IDEMPOTENCY", "This Idempotency-Key was used for another request.", {
          next: "Use a new key.",
        });
      if (before.status === null)
        return problem(c, 409, "WT_API_IDEMPOTENCY", "The first request with this Idempotency-Key is still at work.", {
          next: "Ask again in a moment.",
        });
      return c.body(before.body, before.status as 200, { ...before.headers, "idempotent-replayed": "true" });
    }
    await next();
    // what was refused did no work: the same request may be let in later (a busy subject, a new role), and then does it
    if (c.res.status >= 400) {
      await withConnection(pool, (db) =>
        db.query("delete from watertight_catalog.idempotency where actor = $1 and key = $2", [actor, key]),
      );
      return undefined;
    }
    const secret = /\bno-store\b/.test(c.res.headers.get("cache-control") ?? "");
    const answer = secret ? shownOnce(c) : c.res.clone();
    const status = answer.status;
    const body = await answer.text();
    const headers = Object.fromEntries(
      ["content-type", "location", "etag"].flatMap((name) => {
        const value = answer.headers.get(name);
        return value === null ? [] : [[name, value]];
      }),
    );
    await withConnection(pool, (db) =>
      db.query(
        "update watertight_catalog.idempotency set status = $3, headers = $4, body = $5 where actor = $1 and key = $2",
        [actor, key, status, JSON.stringify(headers), body],
      ),
    );
    return undefined;
  };
}

const shownOnce = (c: Context): Response =>
  problem(
    c,
    409,
    "WT_API_IDEMPOTENCY",
    "The first request with this Idempotency-Key was answered, and what it said is shown only once.",
    {
      next: "If the answer was lost, end the token that was made and ask for another one with a new key.",
    },
  );
