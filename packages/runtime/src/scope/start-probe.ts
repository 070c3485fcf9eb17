/**
 * The start-up probe, as data and judgement: a transaction-local setting must be visible to the next statement of its
 * transaction, gone after it, and a bound value must come back unchanged. The driver runs the statements.
 */
import { failure } from "../errors/errors.ts";

/** The value that is set and bound. */
export const probeMark = "wt-probe";
/** Run first, inside the transaction; its parameter is the mark. */
export const probeSet = "select pg_catalog.set_config('watertight.probe', $1, true)";
/** Run second in the transaction and once more after it; its parameter is the mark. */
export const probeGet = "select pg_catalog.current_setting('watertight.probe', true) as v, $1::text as bound";
/** Asks the kit; as text, because the user may have set a JSON parser of their own. */
export const handshakeText = "select watertight.handshake()::text as h";

type ProbeRow = Record<string, unknown> | undefined;

/** @throws ConfigurationError WT_CONTEXT_LEAK */
export function judgeProbe(inside: ProbeRow, after: ProbeRow): void {
  if (inside?.["v"] !== probeMark || inside["bound"] !== probeMark)
    throw failure("WT_CONTEXT_LEAK", { detail: "setting lost" });
  if (after?.["v"]) throw failure("WT_CONTEXT_LEAK", { detail: "setting kept" });
}
