// What stopped an attempt, read from what really happened: the errors, SQLSTATEs and row counts in the request log. Pure. Nothing here knows
// which attempt it is looking at.
import { isWatertightError } from "@watertight/runtime";
import type { Entry } from "../app/activity.ts";
import { IdentityError, sqlStateOf } from "../app/problem.ts";

/** What stopped an attempt: our own code, the sealed context, a row security policy, a missing right, a composite key, a place's fence, or that the
 * connection, or the login, leads to no other database. */
type Layer = "application" | "context" | "policy" | "grant" | "key" | "fence" | "connection";

export interface Stop {
  layer: Layer;
  evidence: string;
}

/** The database's own error object under whatever wrapped it. */
function databaseError(error: unknown): { routine?: string } {
  let inner = error;
  while (isWatertightError(inner) && inner.cause !== undefined) inner = inner.cause;
  return (inner ?? {}) as { routine?: string };
}

function stopOf(error: unknown): Stop | undefined {
  if (error instanceof IdentityError) return { layer: "application", evidence: error.code };
  const sqlState = sqlStateOf(error);
  if (sqlState === "WT002") return { layer: "fence", evidence: "not served there" };
  if (sqlState?.startsWith("WT")) return { layer: "context", evidence: sqlState };
  switch (sqlState) {
    case "42501":
      // both refusals have this SQLSTATE; the routine that raised it tells WITH CHECK from a missing right, in every language
      return databaseError(error).routine === "ExecWithCheckOptions"
        ? { layer: "policy", evidence: "42501 check" }
        : { layer: "grant", evidence: sqlState };
    case "23503":
    case "23505":
      return { layer: "key", evidence: sqlState };
    case "42601":
      // the runtime sends every text as one extended-protocol statement
      return { layer: "application", evidence: "42601 one statement" };
    case "34000":
      // what an earlier borrower left on the connection was closed at the hand-over
      return { layer: "context", evidence: "34000 reset" };
    case undefined:
      break;
    default:
      // an error that follows from an earlier refusal (no such table, because making it was refused) explains nothing
      return undefined;
  }
  if (!isWatertightError(error)) return undefined;
  if (error.code === "WT_ROW_NOT_FOUND") return { layer: "policy", evidence: "row hidden" };
  return { layer: error.name === "ContextError" ? "context" : "application", evidence: error.code };
}

/** All stops of an attempt, the strongest evidence first: errors before rows that simply were not there. */
export function stopsOf(entries: readonly Entry[]): Stop[] {
  const stops = new Map<string, Stop>();
  const add = (stop: Stop | undefined): void => {
    if (stop !== undefined) stops.set(`${stop.layer} ${stop.evidence}`, stop);
  };
  for (const entry of entries) {
    if (entry.kind === "refused") add(stopOf(entry.error));
    if (entry.kind === "login") add({ layer: "connection", evidence: `login ${sqlStateOf(entry.error) ?? "refused"}` });
  }
  for (const entry of entries)
    if (entry.kind === "cache" && (entry.hit || entry.entries > 0))
      add({ layer: "application", evidence: "cache per tenant" });
  if (stops.size === 0 && entries.some((entry) => entry.kind === "query")) {
    const rows = entries.some((entry) => entry.kind === "query" && entry.rows > 0);
    add({ layer: "policy", evidence: rows ? "own rows only" : "0 rows" });
  }
  return [...stops.values()];
}

/** The same, where the victim's rows are in another database: what a policy hid, or a key kept apart, was not there at all. */
export function elsewhere(stops: readonly Stop[]): Stop[] {
  const absent = new Set(["0 rows", "own rows only", "row hidden", "answers alike"]);
  const there = stops.filter(({ evidence }) => !absent.has(evidence));
  return there.length > 0 ? there : [{ layer: "connection", evidence: "another database" }];
}
