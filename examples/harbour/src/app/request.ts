// Reading what a client sent. Everything is checked here; an id that is not an id gets the same 404 as one that is nobody's.
import { RequestError } from "./problem.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff";

/** A uuid; anything else becomes the id of nothing, so that the shape of an id tells nothing either. */
export function uuid(value: unknown): string {
  return typeof value === "string" && UUID.test(value) ? value.toLowerCase() : NOBODY;
}

export function text(value: unknown): string {
  if (typeof value !== "string" || value === "" || value.length > 10_000 || value.includes("\u0000"))
    throw new RequestError("a text is missing");
  return value;
}

export function optionalText(value: unknown): string {
  return value === undefined || value === null || value === "" ? "" : text(value);
}

export function integer(value: unknown, low: number, high: number): number {
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < low || number > high)
    throw new RequestError("a number is missing");
  return number;
}

export async function readBody(request: { json(): Promise<unknown> }): Promise<Record<string, unknown>> {
  const body: unknown = await request.json().catch(() => undefined);
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new RequestError("a JSON object is missing");
  return body as Record<string, unknown>;
}
