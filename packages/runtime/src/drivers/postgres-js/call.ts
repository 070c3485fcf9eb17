/**
 * One attempt at a call: a transaction of its own that leaves in one go, and what became of it. Says how it failed;
 * whether to try again is decided elsewhere (retry.ts).
 */
import { failure } from "../../errors/errors.ts";
import type { StopSignal } from "./cancellation.ts";
import type { Engine } from "./engine.ts";
import { type Lease, takeLease } from "./lease.ts";
import { type Settled, valueOf } from "./settled.ts";
import type { NativeQuery } from "./shapes.ts";
import { learnFrom } from "./statement-form.ts";
import { stop } from "./stop.ts";

/** Limits of one call. */
export interface Limits {
  readonly timeoutMs: number | undefined;
  readonly signal: StopSignal | undefined;
}

/** BEGIN, context, statements, COMMIT without waiting in between. */
export async function sendOnce(
  engine: Engine,
  tenant: string,
  queries: readonly NativeQuery[],
  limits: Limits,
): Promise<unknown[]> {
  const { timeoutMs, signal } = limits;
  const lease = await leaseFor(engine, "begin", signal);
  let opened: Promise<Settled>;
  try {
    opened = engine.open(lease, tenant, timeoutMs);
  } catch (error) {
    // No token, so nothing of the caller's was sent.
    await lease.end(engine.command("rollback"));
    throw error;
  }
  const outcomes = queries.map((query) => lease.run(query, (settled) => refuseCopy(lease, settled)));
  const committed = lease.end(engine.command("commit"));
  const all = Promise.all([lease.begun, opened, ...outcomes, committed]);
  const settled = await unlessAborted(lease, all, signal);
  for (const outcome of settled) if (outcome.ok && isStream(outcome.value)) throw failure("WT_COPY");
  // The first failure is the cause; those behind it are answers of a failed transaction.
  for (const outcome of settled) valueOf(outcome);
  const end = settled.at(-1) as Settled & { ok: true };
  if ((end.value as { command?: string }).command === "ROLLBACK") throw failure("WT_ROLLED_BACK");
  queries.forEach(learnFrom);
  return settled.slice(2, -1).map(valueOf);
}

/** Takes a connection; an abort while waiting for it gives it back untouched. */
export async function leaseFor(engine: Engine, beginText: string, signal: StopSignal | undefined): Promise<Lease> {
  if (signal?.aborted) throw aborted(signal);
  const request = takeLease(engine.sql, beginText);
  if (signal === undefined) return request;
  let abort: (() => void) | undefined;
  try {
    const early = new Promise<never>((_, reject) => {
      abort = () => reject(aborted(signal));
      signal.addEventListener("abort", abort, { once: true });
    });
    return await Promise.race([request, early]);
  } catch (error) {
    request.then(
      (lease) => lease.end(engine.command("rollback")),
      () => undefined,
    );
    throw error;
  } finally {
    if (abort) signal.removeEventListener("abort", abort);
  }
}

/** Waits for `work`; when the signal fires first, stops what runs and gives the connection up. */
export async function unlessAborted<T>(lease: Lease, work: Promise<T>, signal: StopSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stopped: Promise<void> | undefined;
  const abort = (): void => void (stopped ??= stop(lease, work));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await work;
  } finally {
    signal.removeEventListener("abort", abort);
    if (stopped !== undefined) {
      await stopped;
      // oxlint-disable-next-line no-unsafe-finally -- whatever it was that failed, the caller's signal is why
      throw aborted(signal);
    }
  }
}

/** COPY would wait for data, or pour it out, with nobody there: the connection is given up. */
export function refuseCopy(lease: Lease, settled: Settled): void {
  if (!settled.ok || !isStream(settled.value)) return;
  settled.value.on("error", () => {});
  lease.condemn(failure("WT_COPY"));
}

function isStream(value: unknown): value is NodeJS.ReadWriteStream {
  return typeof (value as { pipe?: unknown } | null)?.pipe === "function";
}

/** The error of an abort. */
export function aborted(signal: StopSignal): Error {
  return failure("WT_ABORTED", { cause: signal.reason });
}
