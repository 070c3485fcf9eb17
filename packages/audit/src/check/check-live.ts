/**
 * The check of a live database: its catalog is read at one moment, rules judge it, the server answers a few questions in transactions that roll back.
 * Must never attack, never write, and never read a row of a table: what the rules find stays UNVERIFIED, and the report says so.
 */
import { counted } from "../words/counted.ts";
import { type Queryable, readSnapshot, type Snapshot } from "@watertight/schema";
import type { Report } from "../report/report.ts";
import type { Facts } from "../rules/rule.ts";
import { CheckError } from "./check-error.ts";
import type { CheckRequest } from "./check.ts";
import { makeStopwatch } from "./stopwatch.ts";

/** What to check. Migrations, `until` and `append` have no meaning here. */
export interface LiveRequest extends Pick<
  CheckRequest,
  "root" | "resolved" | "configFile" | "onProgress" | "signal" | "today"
> {
  /** ONE connection (a client, not a pool) outside of a transaction, as any role. */
  readonly db: Queryable;
}

/**
 * Checks a live database.
 * @throws CheckError WT_CHECK_DATABASE, ConfigError, KitError WT_KIT_VERSION
 * @example const { report } = await checkLive({ db: client, root: process.cwd(), resolved: resolveOptions({}), configFile: null });
 */
export async function checkLive(request: LiveRequest): Promise<{ readonly report: Report; readonly facts: Facts }> {
  const { db, resolved, signal, onProgress = () => {} } = request;
  const { timed, timing } = makeStopwatch();

  // loading the rules and the parser takes as long as the server takes for its catalog
  const snapshotted = timed("snapshot", () => read(db, resolved.options.limits.statementSeconds * 1000));
  const [snapshot, { judgeLive }] = await Promise.all([snapshotted, import("./judge-live.ts")]);
  signal?.throwIfAborted();
  onProgress({
    step: "find",
    text: `${counted(snapshot.relations.length, "relation")} in database ${snapshot.database.name}`,
  });
  return judgeLive(snapshot, request, { timed, timing });
}

async function read(db: Queryable, statementMs: number): Promise<Snapshot> {
  try {
    return await readSnapshot(db, { statementMs });
  } catch (error) {
    const { code = "", message } = error as Error & { code?: string };
    if (code.startsWith("WT_")) throw error;
    const locked = code === "57014" || code === "55P03";
    throw new CheckError(
      "WT_CHECK_DATABASE",
      `The catalog could not be read: ${message}.`,
      locked
        ? "A migration may hold a lock: try again when it is over, or raise limits.statementSeconds."
        : "Check the connection and the role's rights, then run the command again.",
      { cause: error },
    );
  }
}
