/**
 * The check of a live database: its catalog is read at one moment, rules judge it, the server answers a few questions in transactions that roll back.
 * Must never attack, never write, and never read a row of a table: what the rules find stays UNVERIFIED, and the report says so.
 */
import { counted } from "../words/counted.ts";
import { type Queryable, readSnapshot, type Snapshot } from "@watertight/schema";
import type { MigrationTool } from "../find/migration.ts";
import type { Report } from "../report/report.ts";
import { rules } from "../rules/index.ts";
import { residuals } from "../rules/residuals.ts";
import { runRules } from "../rules/run-rules.ts";
import type { Facts } from "../rules/rule.ts";
import { probeServer } from "../server/probe-server.ts";
import { serverFindings } from "../server/server-findings.ts";
import { acceptanceWarnings } from "./acceptance-warnings.ts";
import { type Acceptances, assembleFindings, type DecidedFinding, describeTables } from "./assemble.ts";
import { noAttacks } from "./attack-replay.ts";
import { baselineOf } from "./baseline.ts";
import { loadParser } from "../understand/sql/parser.ts";
import { CheckError } from "./check-error.ts";
import type { CheckRequest } from "./check.ts";
import { decide } from "./decide.ts";
import { factsFrom } from "./facts.ts";
import { makeStopwatch } from "./stopwatch.ts";
import { toolVersion } from "./tool-version.ts";

/** What to check. Migrations, `until` and `append` have no meaning here. */
export interface LiveRequest extends Pick<
  CheckRequest,
  "root" | "resolved" | "configFile" | "onProgress" | "signal" | "today"
> {
  /** ONE connection (a client, not a pool) outside of a transaction, as any role. */
  readonly db: Queryable;
}

const kind: MigrationTool = "database";
const why =
  "Nothing was attacked and nothing was written: this is a live database. What the rules found is UNVERIFIED; `watertight check` on the migrations attacks a copy.";

/**
 * Checks a live database.
 * @throws CheckError WT_CHECK_DATABASE, ConfigError, KitError WT_KIT_VERSION
 * @example const { report } = await checkLive({ db: client, root: process.cwd(), resolved: resolveOptions({}), configFile: null });
 */
export async function checkLive(request: LiveRequest): Promise<{ readonly report: Report; readonly facts: Facts }> {
  const { db, root, resolved, configFile, signal, onProgress = () => {}, today = new Date() } = request;
  const { options } = resolved;
  const { timed, timing } = makeStopwatch();

  // the server works on the catalog while the parser's module is made ready; whoever needs it waits for it again
  loadParser().catch(() => {});
  const snapshot = await timed("snapshot", () => read(db, options.limits.statementSeconds * 1000));
  signal?.throwIfAborted();
  onProgress({
    step: "find",
    text: `${counted(snapshot.relations.length, "relation")} in database ${snapshot.database.name}`,
  });
  const facts = await timed("understand", () => factsFrom(snapshot, undefined, resolved));
  const found = await timed("rules", async () => runRules(facts));
  onProgress({ step: "judge", text: `${counted(found.length, "finding")} by the rules` });
  const probes = await timed("probe", () => probeServer(db));
  const matrix = noAttacks(why);
  const ofServer = serverFindings(snapshot, probes).map((finding): DecidedFinding => ({ ...finding, attempt: null }));
  const accepted: Acceptances = {
    accept: options.accept,
    suppressions: [],
    file: configFile ?? "watertight.config.ts",
    baseline: await baselineOf(root, options.baseline),
    today,
  };
  const findings = assembleFindings([...decide(found, matrix, facts), ...ofServer], undefined, accepted);
  const report: Report = {
    schemaVersion: 1,
    tool: { name: "watertight", version: toolVersion() },
    source: { kind, folder: snapshot.database.name, migrations: 0 },
    server: { version: snapshot.serverVersion, bootMs: 0 },
    statements: { read: 0, ran: 0, failed: [], skipped: [] },
    understanding: facts.understanding,
    tables: describeTables(facts.understanding),
    findings,
    matrix,
    fixable: [],
    warnings: acceptanceWarnings(accepted, {
      findings,
      problems: [],
      baselineFile: options.baseline,
      complete: false,
    }),
    residuals,
    timing: timing(),
    live: {
      role: await currentRole(db),
      unreadable: snapshot.unreadable,
      rulesNotRun: rules.flatMap(({ id, needs }) => (needs === "history" ? [id] : [])),
      probes,
    },
  };
  return { report, facts };
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

async function currentRole(db: Queryable): Promise<string> {
  // the path is the database's here, and a domain named text on it runs its check as us
  const { rows } = await db.query("select current_user::pg_catalog.text as role");
  return String(rows[0]!["role"]);
}
