/**
 * The HTTP API of the control plane: a thin face of the functions that the command line calls as well. Must never answer without a caller,
 * but for whether it lives.
 */
import { randomUUID } from "node:crypto";
import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { rateLimiter } from "hono-rate-limiter";
import type { OidcCaller } from "../access/oidc.ts";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import type { OperationKind } from "../operations/operation.ts";
import { type ApiEnv, identify, need } from "./caller.ts";
import { idempotent } from "./idempotency.ts";
import { readMetrics } from "./metrics.ts";
import { onceAtATime } from "./once-at-a-time.ts";
import { problem, thrown } from "./problem.ts";
import { accessRoutes } from "./routes/access.ts";
import { cellRoutes } from "./routes/cells.ts";
import { operationRoutes } from "./routes/operations.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { tenantRoutes } from "./routes/tenants.ts";

/** What the API is made of. */
export interface ApiSettings {
  /** Connections of the catalog, as its control role. */
  readonly pool: CatalogPool;
  readonly kinds: ReadonlyMap<string, OperationKind<never>>;
  /** Identity providers beside our own tokens. */
  readonly verifiers?: readonly ((token: string) => Promise<OidcCaller | undefined>)[];
  /** Requests a minute for each caller; default 600. */
  readonly requestsPerMinute?: number;
  /** Tokens a minute from each address that are looked up and found wrong; default 300. Those that were right lately are not held up by them. */
  readonly wrongTokensPerMinute?: number;
  /** One-time codes a minute that an address may try, default 10; all addresses together may try six times as many. */
  readonly codesPerMinute?: number;
  /** Told of errors that are not the caller's. */
  readonly log?: (error: Error) => void;
}

/**
 * Makes the API as a Hono application.
 * @example serve({ fetch: createApi({ pool, kinds }).fetch, hostname: "127.0.0.1", port: 7070 });
 */
export function createApi(settings: ApiSettings): OpenAPIHono<ApiEnv> {
  const { pool, requestsPerMinute = 600, log = () => {} } = settings;
  const api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result, c) =>
      result.success
        ? undefined
        : problem(c, 422, "WT_API_INPUT", "The input is not accepted.", {
            errors: result.error.issues.map(({ path, message }) => ({
              pointer: `/${path.join("/")}`,
              detail: message,
            })),
          }),
  });
  api.use(async (c, next) => {
    const given = c.req.header("x-request-id");
    const id = given !== undefined && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
    c.set("requestId", id);
    await next();
    c.header("x-request-id", id);
  });
  api.use(secureHeaders());
  api.use(
    bodyLimit({
      maxSize: 1024 * 1024,
      onError: (c) => problem(c, 422, "WT_API_INPUT", "The request is larger than 1 MiB."),
    }),
  );
  api.onError((error, c) => {
    // Hono's own: a body that is no JSON
    if ("getResponse" in error && (error as { status?: number }).status === 400)
      return problem(c, 422, "WT_API_INPUT", "The body is not JSON.");
    return thrown(c, error, log);
  });
  api.notFound((c) => problem(c, 404, "WT_API_NOT_FOUND", "There is no such route.", { next: "See /openapi.json." }));

  api.get("/healthz", (c) => c.json({ ok: true }));
  const ready = onceAtATime(async () => {
    const limit = new Promise<never>((_, reject) => setTimeout(reject, 2000, new Error("no answer")).unref());
    const asked = withConnection(pool, (db) => db.query("select 1 from watertight_catalog.service limit 1"));
    await Promise.race([asked, limit]);
  }, 1000);
  api.get("/readyz", async (c) => {
    try {
      await ready();
      return c.json({ ok: true });
    } catch {
      return problem(c, 503, "WT_CATALOG_UNREACHABLE", "The catalog does not answer.");
    }
  });
  api.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Watertight control plane", version: "1" },
    security: [{ bearer: [] }],
  });
  api.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });

  const limited = (keyOf: (name: string) => string, limit: number): ReturnType<typeof rateLimiter<ApiEnv>> =>
    rateLimiter<ApiEnv>({
      windowMs: 60_000,
      limit,
      standardHeaders: "draft-7",
      keyGenerator: (c) => keyOf(c.get("caller")?.name ?? ""),
      handler: (c) =>
        problem(c, 429, "WT_API_RATE", "Too many requests.", { next: "Wait for the time in Retry-After." }),
    });
  // before the guard: whoever gives a code has no token yet
  sessionRoutes(api, settings);
  const guard = identify(pool, settings.verifiers ?? [], settings.wrongTokensPerMinute ?? 300);
  for (const path of ["/v1/*", "/metrics"])
    api.use(
      path,
      guard,
      limited((name) => name, requestsPerMinute),
    );
  api.use("/v1/*", idempotent(pool));
  api.get("/metrics", need("metrics:read"), async (c) => {
    const { type, text } = await readMetrics(pool);
    return c.body(text, 200, { "content-type": type });
  });
  tenantRoutes(api, settings);
  cellRoutes(api, settings);
  operationRoutes(api, settings);
  accessRoutes(api, settings);
  return api;
}
