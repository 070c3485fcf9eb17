/** What the descriptions of the routes share: problems, headers, cursors, versions. */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { problemSchema } from "./schemas.ts";

const problemContent = { "application/problem+json": { schema: problemSchema } };

/** The problems that every route may answer with. */
export const problems = {
  401: { description: "Who calls is not known", content: problemContent },
  403: { description: "The caller may not do this", content: problemContent },
  404: { description: "There is no such thing", content: problemContent },
  409: { description: "Its state does not allow this", content: problemContent },
  412: { description: "Changed meanwhile (If-Match)", content: problemContent },
  422: { description: "The input is not accepted", content: problemContent },
  428: { description: "If-Match is missing", content: problemContent },
  429: { description: "Too many requests", content: problemContent },
  500: { description: "Something went wrong here", content: problemContent },
  503: { description: "The catalog does not answer", content: problemContent },
} as const;

/** A JSON answer in the OpenAPI document. */
export const json = <T extends z.ZodType>(
  schema: T,
  description: string,
): { description: string; content: { "application/json": { schema: T } } } => ({
  description,
  content: { "application/json": { schema } },
});

/** A JSON request in the OpenAPI document. */
export const body = <T extends z.ZodType>(
  schema: T,
): { required: true; content: { "application/json": { schema: T } } } => ({
  required: true,
  content: { "application/json": { schema } },
});

/** Query of a list. */
export const page = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(500).optional(),
};

/** The next page of a list goes into `Link`; cursors are opaque. */
export function linkNext(c: Context, cursor: string): void {
  const url = new URL(c.req.url);
  url.searchParams.set("cursor", Buffer.from(cursor).toString("base64url"));
  c.header("link", `<${url.pathname}${url.search}>; rel="next"`);
}

/** What a cursor stands for. */
export const readCursor = (cursor: string | undefined): string | undefined =>
  cursor === undefined ? undefined : Buffer.from(cursor, "base64url").toString();

/** The version in `If-Match`; undefined where there is none. */
export const ifMatch = (c: Context): string | undefined => /^"(\d{1,19})"$/.exec(c.req.header("if-match") ?? "")?.[1];
