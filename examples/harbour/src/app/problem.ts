// Errors as RFC 9457 problem documents. A foreign row and a row that never was get the same answer, byte for byte but for the request id;
// no database message is ever passed on, because messages can carry row values (B18, E9).
import { isWatertightError } from "@watertight/runtime";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** The caller could not be identified, or their signals contradict each other. */
export class IdentityError extends Error {
  readonly status: 401 | 403;
  readonly code: string;
  constructor(status: 401 | 403, code: string, cause?: unknown) {
    super(code, { cause });
    this.name = "IdentityError";
    this.status = status;
    this.code = code;
  }
}

/** The request cannot be understood. */
export class RequestError extends Error {}

export interface Problem {
  status: ContentfulStatusCode;
  code: string;
  title: string;
}

const notFound: Problem = { status: 404, code: "not-found", title: "There is no such thing" };
const badRequest: Problem = { status: 400, code: "bad-request", title: "The request could not be understood" };
const refused: Problem = { status: 403, code: "refused", title: "This is not allowed" };

/** SQLSTATE of an error, whoever wrapped it. */
export function sqlStateOf(error: unknown): string | undefined {
  if (isWatertightError(error)) return error.sqlstate ?? sqlStateOf(error.cause);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

export function toProblem(error: unknown): Problem {
  if (error instanceof IdentityError) {
    return {
      status: error.status,
      code: error.code,
      title: error.status === 401 ? "Sign in first" : "The request contradicts its token",
    };
  }
  if (error instanceof RequestError) return badRequest;
  if (isWatertightError(error)) {
    if (error.code === "WT_ROW_NOT_FOUND") return notFound;
    if (error.code === "WT_ACCESS_DENIED") return refused;
    if (error.code === "WT_TENANT_NOT_SERVED")
      return { status: 503, code: "not-served", title: "This company is not served here now" };
  }
  const sqlState = sqlStateOf(error);
  // a referenced row that is not there, or not ours
  if (sqlState === "23503") return notFound;
  if (sqlState === "23505") return { status: 409, code: "conflict", title: "It exists already" };
  if (sqlState === "42501") return refused;
  if (sqlState !== undefined && /^(22|23|34|42|0A)/.test(sqlState)) return badRequest;
  return { status: 500, code: "internal", title: "Something went wrong" };
}
