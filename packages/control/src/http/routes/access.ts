/** The audit log's verdict and tokens over HTTP. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { verifyAudit } from "../../audit-log/verify-audit.ts";
import { createToken, revokeToken } from "../../access/tokens.ts";
import { withConnection } from "../../db/transaction.ts";
import { body, json, problems } from "../answers.ts";
import type { ApiSettings } from "../api.ts";
import { type ApiEnv, need } from "../caller.ts";
import { onceAtATime } from "../once-at-a-time.ts";
import { auditVerdictSchema, newTokenSchema } from "../schemas.ts";

/** Adds the routes. */
export function accessRoutes(api: OpenAPIHono<ApiEnv>, { pool }: ApiSettings): void {
  // it reads the whole log: one run at a time, whoever asks
  const verdict = onceAtATime(() => withConnection(pool, (db) => verifyAudit(db)));
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/audit/verify",
      summary: "Whether the audit log is as it was written",
      middleware: [need("audit:read")] as const,
      responses: { 200: json(auditVerdictSchema, "The verdict"), ...problems },
    }),
    async (c) => c.json((await verdict()) as never, 200),
  );
  api.openapi(
    createRoute({
      method: "post",
      path: "/v1/tokens",
      summary: "Make a token; it is shown this once",
      middleware: [need("tokens:write")] as const,
      request: { body: body(newTokenSchema) },
      responses: { 201: json(z.object({ id: z.string(), token: z.string() }), "The token"), ...problems },
    }),
    async (c) => {
      const { name, roles, days } = c.req.valid("json");
      c.header("cache-control", "no-store");
      return c.json(await createToken(pool, c.get("caller"), name, roles, days), 201);
    },
  );
  api.openapi(
    createRoute({
      method: "delete",
      path: "/v1/tokens/{token}",
      summary: "End a token at once",
      middleware: [need("tokens:write")] as const,
      request: { params: z.object({ token: z.string().min(1).max(60) }) },
      responses: { 204: { description: "It is ended" }, ...problems },
    }),
    async (c) => {
      await revokeToken(pool, c.get("caller"), c.req.valid("param").token);
      return c.body(null, 204);
    },
  );
}
