/** Cells over HTTP. The reference to a cell's connection string goes in and never comes out. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { addCell, type Cell, changeCell, getCell, listCells } from "../../catalog/cells.ts";
import { withConnection } from "../../db/transaction.ts";
import { body, ifMatch, json, problems } from "../answers.ts";
import type { ApiSettings } from "../api.ts";
import { type ApiEnv, need } from "../caller.ts";
import { leftOut } from "../left-out.ts";
import { problem } from "../problem.ts";
import { cellChangeSchema, cellSchema, newCellSchema } from "../schemas.ts";

const one = { params: z.object({ cell: z.string().min(1).max(40) }) };
const shown = (cell: Cell): Omit<Cell, "adminSecret" | "version"> => leftOut(cell, "adminSecret", "version");

/** Adds the routes. */
export function cellRoutes(api: OpenAPIHono<ApiEnv>, { pool }: ApiSettings): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/cells",
      summary: "All cells",
      middleware: [need("cells:read")] as const,
      responses: { 200: json(z.array(cellSchema), "All cells, by id"), ...problems },
    }),
    async (c) => c.json((await listCells(pool)).map(shown) as never, 200),
  );
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/cells/{cell}",
      summary: "One cell",
      middleware: [need("cells:read")] as const,
      request: one,
      responses: { 200: json(cellSchema, "The cell; its version is in ETag"), ...problems },
    }),
    async (c) => {
      const cell = await withConnection(pool, (db) => getCell(db, c.req.valid("param").cell));
      c.header("etag", `"${cell.version}"`);
      return c.json(shown(cell) as never, 200);
    },
  );
  api.openapi(
    createRoute({
      method: "post",
      path: "/v1/cells",
      summary: "Add a cell",
      middleware: [need("cells:write")] as const,
      request: { body: body(newCellSchema) },
      responses: { 201: json(cellSchema, "The cell"), ...problems },
    }),
    async (c) => {
      const cell = await addCell(pool, c.get("caller"), c.req.valid("json") as never);
      c.header("location", `/v1/cells/${cell.id}`);
      c.header("etag", `"${cell.version}"`);
      return c.json(shown(cell) as never, 201);
    },
  );
  api.openapi(
    createRoute({
      method: "patch",
      path: "/v1/cells/{cell}",
      summary: "Change a cell that is still as it was read (If-Match)",
      middleware: [need("cells:write")] as const,
      request: { ...one, body: body(cellChangeSchema) },
      responses: { 200: json(cellSchema, "The cell as it is now"), ...problems },
    }),
    async (c) => {
      const expected = ifMatch(c);
      if (expected === undefined)
        return problem(c, 428, "WT_API_PRECONDITION", "Say which version you change.", {
          next: "Read the cell and send its ETag as If-Match.",
        }) as never;
      const cell = await changeCell(
        pool,
        c.get("caller"),
        c.req.valid("param").cell,
        expected,
        c.req.valid("json") as never,
      );
      c.header("etag", `"${cell.version}"`);
      return c.json(shown(cell) as never, 200);
    },
  );
}
