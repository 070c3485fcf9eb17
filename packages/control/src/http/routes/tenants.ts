/** Tenants over HTTP: list, read, change what only the catalog knows. Whatever touches a place is an operation. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { changeTenant, getTenant, listTenants } from "../../catalog/tenants.ts";
import { withConnection } from "../../db/transaction.ts";
import { body, ifMatch, json, linkNext, page, problems, readCursor } from "../answers.ts";
import type { ApiSettings } from "../api.ts";
import { type ApiEnv, need } from "../caller.ts";
import { leftOut } from "../left-out.ts";
import { problem } from "../problem.ts";
import { tenantChangeSchema, tenantSchema } from "../schemas.ts";

const one = { params: z.object({ tenant: z.string().min(1).max(200) }) };

/** Adds the routes. */
export function tenantRoutes(api: OpenAPIHono<ApiEnv>, { pool }: ApiSettings): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/tenants",
      summary: "Tenants in the order of their slugs",
      middleware: [need("tenants:read")] as const,
      request: {
        query: z.object({
          ...page,
          state: tenantSchema.shape.state.optional(),
          model: z.enum(["pool", "schema", "database", "silo"]).optional(),
          cell: z.string().optional(),
          service: z.string().optional().openapi({ description: "Whose places are listed; default main" }),
          behind: z.coerce
            .number()
            .int()
            .optional()
            .openapi({ description: "Whose schema is older than this version" }),
        }),
      },
      responses: { 200: json(z.array(tenantSchema), "A page; the next one is in Link"), ...problems },
    }),
    async (c) => {
      const { limit, cursor, ...filter } = c.req.valid("query");
      const after = readCursor(cursor);
      const tenants = await listTenants(pool, {
        ...definedOf(filter),
        limit,
        ...(after === undefined ? {} : { after }),
      });
      if (tenants.length === limit) linkNext(c, tenants.at(-1)!.slug);
      return c.json(tenants.map((tenant) => leftOut(tenant, "version", "location")) as never, 200);
    },
  );
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/tenants/{tenant}",
      summary: "One tenant, by id or slug",
      middleware: [need("tenants:read")] as const,
      request: one,
      responses: { 200: json(tenantSchema, "The tenant; its version is in ETag"), ...problems },
    }),
    async (c) => {
      const { version, ...tenant } = await withConnection(pool, (db) => getTenant(db, c.req.valid("param").tenant));
      c.header("etag", `"${version}"`);
      return c.json(tenant as never, 200);
    },
  );
  api.openapi(
    createRoute({
      method: "patch",
      path: "/v1/tenants/{tenant}",
      summary: "Change a tenant that is still as it was read (If-Match)",
      middleware: [need("tenants:write")] as const,
      request: { ...one, body: body(tenantChangeSchema) },
      responses: { 200: json(tenantSchema, "The tenant as it is now"), ...problems },
    }),
    async (c) => {
      const expected = ifMatch(c);
      if (expected === undefined)
        return problem(c, 428, "WT_API_PRECONDITION", "Say which version you change.", {
          next: "Read the tenant and send its ETag as If-Match.",
        }) as never;
      const { id } = await withConnection(pool, (db) => getTenant(db, c.req.valid("param").tenant));
      const { version, ...tenant } = await changeTenant(
        pool,
        c.get("caller"),
        id,
        expected,
        definedOf(c.req.valid("json")),
      );
      c.header("etag", `"${version}"`);
      return c.json(tenant as never, 200);
    },
  );
}

// an absent option and one that is undefined are the same to callers, not to exactOptionalPropertyTypes
function definedOf<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
