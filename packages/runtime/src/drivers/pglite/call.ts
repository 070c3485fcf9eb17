/**
 * Calls as one tenant: a single pipeline, or a transaction. Exactly one execProtocol per single call.
 */
import { emitEvent } from "../../context/events.ts";
import { failure } from "../../errors/errors.ts";
import type { ReadOptions, Result } from "./answers.ts";
import type { Statement } from "./pipeline.ts";
import { readCondition, type Session, translate } from "./session.ts";

/** What one call may add. */
export interface CallOptions extends ReadOptions {
  /** Parameter type OIDs, for values whose JavaScript type does not say enough. */
  readonly paramTypes?: readonly number[] | undefined;
  /** Takes the call back while it waits for its turn; PGlite can't interrupt a running statement. */
  readonly signal?: AbortSignal | undefined;
}

const staleLimit = 3;

/** Context and statements in one pipeline, one implicit transaction. */
export async function sendOnce(
  session: Session,
  tenant: string,
  statements: readonly Statement[],
  options: CallOptions = {},
): Promise<Result[]> {
  statements.forEach(refuseCopy);
  await session.ready();
  return session.exclusively(async () => {
    refuseAborted(options.signal);
    for (let stale = 0; ;) {
      const { results, error, status } = await session.send(session.prefix(tenant), statements, options);
      session.settle(error === undefined && status === "I");
      if (status !== "I") {
        await session.send([], [{ text: "rollback" }]);
        session.settle(false);
        throw failure("WT_TRANSACTION_LEFT_OPEN");
      }
      if (error === undefined) return results;
      if (readCondition(error) !== "stale-snapshot" || stale++ >= staleLimit) throw translate(error, tenant);
      emitEvent("stale-retry", { tenant, attempt: stale });
    }
  });
}

/** @throws DatabaseError WT_ABORTED */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw failure("WT_ABORTED", { cause: signal.reason });
}

/**
 * COPY waits for data that nobody sends; PGlite 0.5.14 then ends its whole instance ("Program terminated"). The only
 * statement that is looked at, and only to spare the process: isolation does not depend on it.
 * @throws DatabaseError WT_COPY
 */
export function refuseCopy({ text }: Statement): void {
  const start = text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");
  if (/^copy\b/i.test(start)) throw failure("WT_COPY");
}
