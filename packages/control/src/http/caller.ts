/** Who calls: a token of ours or an identity provider's, and what it may do. No caller, no answer. */
import { createHash } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { LRUCache } from "lru-cache";
import type { Actor } from "../audit-log/append-audit.ts";
import type { OidcCaller } from "../access/oidc.ts";
import { type AccessRole, type Scope, scopesOf } from "../access/roles.ts";
import { readToken } from "../access/tokens.ts";
import type { CatalogPool } from "../db/transaction.ts";
import { problem } from "./problem.ts";

/** What every handler finds in its context. */
export interface ApiEnv {
  Variables: { requestId: string; caller: Caller };
}

/** Who calls. */
export interface Caller extends Actor {
  readonly roles: readonly AccessRole[];
}

/**
 * Finds the caller of each request. Looking up a token costs a question to the catalog, so an address may be wrong only so often; tokens that
 * were right lately go on all the same.
 */
export function identify(
  pool: CatalogPool,
  verifiers: readonly ((token: string) => Promise<OidcCaller | undefined>)[],
  wrongPerMinute: number,
): MiddlewareHandler<ApiEnv> {
  const right = new LRUCache<string, true>({ max: 10_000, ttl: 60 * 60_000 });
  const wrong = new LRUCache<string, { count: number }>({ max: 10_000, ttl: 60_000 });
  return async (c, next) => {
    const token = /^Bearer ([\w.~+/=-]{1,4096})$/.exec(c.req.header("authorization") ?? "")?.[1];
    let caller: Caller | undefined;
    if (token !== undefined) {
      const hash = createHash("sha256").update(token).digest("base64");
      const address = addressOf(c);
      const tries = wrong.get(address) ?? { count: 0 };
      if (!right.has(hash)) {
        if (tries.count >= wrongPerMinute)
          return problem(c, 429, "WT_API_RATE", "Too many wrong tokens come from this address.", {
            next: "Wait for a minute.",
          });
        if (tries.count++ === 0) wrong.set(address, tries);
      }
      caller = await callerOf(pool, verifiers, token);
      if (caller === undefined) right.delete(hash);
      else if (!right.has(hash)) {
        right.set(hash, true);
        tries.count--;
      }
    }
    if (caller === undefined) {
      c.header("www-authenticate", "Bearer");
      return problem(c, 401, "WT_API_UNAUTHENTICATED", "Who calls is not known.", {
        next: "Send a token that is valid: Authorization: Bearer wt_…",
      });
    }
    c.set("caller", caller);
    return next();
  };
}

// as @hono/node-server gives it; other servers have one bucket for all
export function addressOf(c: Context<ApiEnv>): string {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress ?? "";
}

async function callerOf(
  pool: CatalogPool,
  verifiers: readonly ((token: string) => Promise<OidcCaller | undefined>)[],
  token: string,
): Promise<Caller | undefined> {
  if (token.startsWith("wt_")) {
    const holder = await readToken(pool, token);
    return holder && { name: `token:${holder.name}`, roles: holder.roles };
  }
  for (const verify of verifiers) {
    const found = await verify(token);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Lets a request on whose caller has a scope. */
export function need(scope: Scope): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!c.get("caller").roles.some((role) => scopesOf[role].includes(scope)))
      return problem(c, 403, "WT_API_FORBIDDEN", "The caller may not do this.", {
        detail: scope,
        next: "Ask for a token with a role that has this scope.",
      });
    return next();
  };
}
