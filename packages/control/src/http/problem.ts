/**
 * Errors of the API: `application/problem+json` (RFC 9457) with our code, the request's id, and the place in the input where there is one.
 * Must never show a stack, a SQL text or a secret: what is not ours is "unexpected", and stands in the log.
 */
import type { Context } from "hono";
import { ControlError } from "../errors/control-error.ts";
import type { ControlErrorCode } from "../errors/control-codes.ts";
import { isPassing } from "../operations/failure.ts";

/** One thing that is wrong with an input. */
export interface InputProblem {
  /** JSON pointer. */
  readonly pointer: string;
  readonly detail: string;
}

type Status = 400 | 401 | 403 | 404 | 409 | 412 | 422 | 428 | 429 | 500 | 503;

const statuses: Partial<Record<ControlErrorCode, Status>> = {
  WT_CATALOG_NOT_FOUND: 404,
  WT_CATALOG_INPUT: 422,
  WT_CATALOG_STALE: 412,
  WT_OPERATION_APPROVAL: 403,
  WT_CATALOG_UNREACHABLE: 503,
  WT_CELL_UNREACHABLE: 503,
  WT_SECRET: 500,
};

/** The status of one of our errors; what is a refusal by state is 409. */
const statusOf = (error: ControlError): Status => statuses[error.code] ?? 409;

/** Answers with a problem. */
export function problem(
  c: Context,
  status: Status,
  code: string,
  title: string,
  more: { readonly detail?: string; readonly next?: string; readonly errors?: readonly InputProblem[] } = {},
): Response {
  return c.body(
    JSON.stringify({
      type: `docs/control.md#${code.toLowerCase()}`,
      title,
      status,
      code,
      requestId: c.get("requestId"),
      ...more,
    }),
    status,
    { "content-type": "application/problem+json" },
  );
}

/** Answers with an error that was thrown. */
export function thrown(c: Context, error: unknown, log: (error: Error) => void): Response {
  if (error instanceof ControlError) {
    const { code, detail, hint, message } = error;
    const status = statusOf(error);
    if (status >= 500) log(error);
    const [, title = message] = /^WT_\w+: ([^(]*?[.!])/.exec(message) ?? [];
    return problem(c, status, code, title.trim(), { ...(detail === undefined ? {} : { detail }), next: hint });
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  // a text or a number that the database cannot hold, wherever it stood
  if (typeof code === "string" && /^(22021|22P05|22P02|22003)$/.test(code))
    return problem(c, 422, "WT_API_INPUT", "The input is not accepted.", {
      detail: "a character or a number that cannot be stored",
    });
  log(error as Error);
  if (isPassing({ code, message }))
    return problem(c, 503, "WT_CATALOG_UNREACHABLE", "The catalog does not answer.", {
      next: "Ask again in a moment.",
    });
  return problem(c, 500, "WT_UNEXPECTED", "Something went wrong here.", {
    next: "Look at the server's log, by the request's id.",
  });
}
