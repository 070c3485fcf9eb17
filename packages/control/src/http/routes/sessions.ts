/**
 * The one route without a caller that gives something: a one-time code for a token. Must never say why a code is refused, nor look one up more often than a
 * person types.
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { rateLimiter } from "hono-rate-limiter";
import { redeemOneTimeCode } from "../../access/one-time-code.ts";
import { body, json, problems } from "../answers.ts";
import type { ApiSettings } from "../api.ts";
import { addressOf, type ApiEnv } from "../caller.ts";
import { problem } from "../problem.ts";

const newSession = z.strictObject({ code: z.string().min(1).max(40) }).openapi("NewSession");
const session = z
  .object({ id: z.string(), token: z.string(), roles: z.array(z.string()), expiresAt: z.iso.datetime() })
  .openapi("Session");

/** Adds the route; before what asks for a caller. */
export function sessionRoutes(api: OpenAPIHono<ApiEnv>, { pool, codesPerMinute = 10 }: ApiSettings): void {
  const limit = (most: number, keyOf: (address: string) => string): ReturnType<typeof rateLimiter<ApiEnv>> =>
    rateLimiter<ApiEnv>({
      windowMs: 60_000,
      limit: most,
      standardHeaders: "draft-7",
      keyGenerator: (c) => keyOf(addressOf(c)),
      handler: (c) =>
        problem(c, 429, "WT_API_RATE", "Too many codes were tried.", { next: "Wait for the time in Retry-After." }),
    });
  api.openapi(
    createRoute({
      method: "post",
      path: "/v1/sessions",
      summary: "Give a one-time code for a token; it is shown this once",
      security: [],
      // each address by itself, and all of them together: addresses are cheap
      middleware: [limit(codesPerMinute, (address) => address), limit(codesPerMinute * 6, () => "all")] as const,
      request: { body: body(newSession) },
      responses: { 201: json(session, "The token"), ...problems },
    }),
    async (c) => {
      c.header("cache-control", "no-store");
      const given = await redeemOneTimeCode(pool, c.req.valid("json").code);
      if (given === undefined)
        return problem(c, 401, "WT_API_UNAUTHENTICATED", "This code opens nothing.", {
          next: "Codes are for once and for five minutes: start watertight up again, or take the token from its file.",
        }) as never;
      return c.json({ ...given, roles: [...given.roles], expiresAt: given.expiresAt.toISOString() }, 201);
    },
  );
}
