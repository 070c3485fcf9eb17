/** Operations over HTTP: ask for one (202), watch it (SSE), cancel, resume, retry, approve, abandon. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { withConnection } from "../../db/transaction.ts";
import { controlError } from "../../errors/control-error.ts";
import {
  abandonOperation,
  approveOperation,
  cancelOperation,
  resumeOperation,
  retryOperation,
} from "../../operations/control-operation.ts";
import type { Operation } from "../../operations/operation.ts";
import {
  getOperation,
  listOperations,
  listOrphans,
  listSteps,
  requestOperation,
} from "../../operations/operation-rows.ts";
import { body, json, linkNext, page, problems, readCursor } from "../answers.ts";
import type { ApiSettings } from "../api.ts";
import { type ApiEnv, need } from "../caller.ts";
import { leftOut } from "../left-out.ts";
import { abandonSchema, newOperationSchema, operationSchema } from "../schemas.ts";
import { operationStream } from "./operation-stream.ts";

const one = { params: z.object({ operation: z.string().min(1).max(60) }) };
const shown = (operation: Operation): Omit<Operation, "leaseOwner" | "leaseToken"> =>
  leftOut(operation, "leaseOwner", "leaseToken");

/** Adds the routes. */
export function operationRoutes(api: OpenAPIHono<ApiEnv>, settings: ApiSettings): void {
  const { pool, kinds } = settings;
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/operations",
      summary: "Operations, newest first",
      middleware: [need("operations:read")] as const,
      request: {
        query: z.object({
          ...page,
          state: operationSchema.shape.state.optional(),
          subject: z.string().optional(),
          kind: z.string().optional(),
        }),
      },
      responses: { 200: json(z.array(operationSchema), "A page; the next one is in Link"), ...problems },
    }),
    async (c) => {
      const { limit, cursor, ...filter } = c.req.valid("query");
      const before = readCursor(cursor);
      const found = await listOperations(pool, {
        ...(filter as object),
        limit,
        ...(before === undefined ? {} : { before }),
      });
      if (found.length === limit) linkNext(c, found.at(-1)!.id);
      return c.json(found.map(shown) as never, 200);
    },
  );
  api.openapi(
    createRoute({
      method: "post",
      path: "/v1/operations",
      summary: "Ask for an operation",
      middleware: [need("operations:write")] as const,
      request: { body: body(newOperationSchema) },
      responses: { 202: json(operationSchema, "It will be done; watch it at Location"), ...problems },
    }),
    async (c) => {
      const { kind: name, input } = c.req.valid("json");
      const kind = kinds.get(name);
      if (kind === undefined)
        throw controlError("WT_CATALOG_INPUT", { detail: `kind ${name}; there are ${[...kinds.keys()].join(", ")}` });
      const operation = await requestOperation(pool, c.get("caller"), kind, input);
      c.header("location", `/v1/operations/${operation.id}`);
      return c.json(shown(operation) as never, 202);
    },
  );
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/operations/{operation}",
      summary: "One operation and its steps",
      middleware: [need("operations:read")] as const,
      request: one,
      responses: { 200: json(operationSchema, "The operation"), ...problems },
    }),
    async (c) => {
      const { operation } = c.req.valid("param");
      return withConnection(pool, async (db) =>
        c.json(
          {
            ...shown(await getOperation(db, operation)),
            steps: await listSteps(db, operation),
            orphans: await listOrphans(db, operation),
          } as never,
          200,
        ),
      );
    },
  );
  const acts = {
    cancel: "operations:write",
    resume: "operations:write",
    retry: "operations:write",
    approve: "operations:approve",
  } as const;
  for (const [act, scope] of Object.entries(acts) as [keyof typeof acts, (typeof acts)[keyof typeof acts]][])
    api.openapi(
      createRoute({
        method: "post",
        path: `/v1/operations/{operation}/${act}` as const,
        summary: {
          cancel: "Stop it and undo what it did",
          resume: "Go on with it",
          retry: "Begin it again",
          approve: "The second person's word",
        }[act],
        middleware: [need(scope)] as const,
        request: one,
        responses: { 202: json(operationSchema, "It will be done"), ...problems },
      }),
      async (c) => {
        const { operation } = c.req.valid("param");
        const caller = c.get("caller");
        const changed = await {
          cancel: () => cancelOperation(pool, caller, operation, kinds),
          resume: () => resumeOperation(pool, caller, operation),
          retry: () => retryOperation(pool, caller, operation),
          approve: () => approveOperation(pool, caller, operation),
        }[act]();
        return c.json(shown(changed) as never, 202);
      },
    );
  api.openapi(
    createRoute({
      method: "post",
      path: "/v1/operations/{operation}/abandon",
      summary: "Give up what can neither be finished nor undone",
      middleware: [need("operations:write")] as const,
      request: { ...one, body: body(abandonSchema) },
      responses: { 200: json(operationSchema, "It is given up; what it may have left is in orphans"), ...problems },
    }),
    async (c) => {
      const { operation } = c.req.valid("param");
      const { reason } = c.req.valid("json");
      const given = await abandonOperation(pool, c.get("caller"), operation, reason);
      const orphans = await withConnection(pool, (db) => listOrphans(db, operation));
      return c.json({ ...shown(given), orphans } as never, 200);
    },
  );
  operationStream(api, settings);
}
