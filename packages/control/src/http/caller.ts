/** Who calls: a token of ours or an identity provider's, and what it may do. No caller, no answer. */
import type { MiddlewareHandler } from "hono";
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

/** Finds the caller of each request. */
export function identify(
  pool: CatalogPool,
  verifiers: readonly ((token: string) => Promise<OidcCaller | undefined>)[],
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const given = /^Bearer ([\w.~+/=-]{1,4096})$/.exec(c.req.header("authorization") ?? "")?.[1];
    const caller = given === undefined ? undefined : await callerOf(pool, verifiers, given);
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
