/**
 * From the catalog of a live database to its report: rules judge it, the server answers a few questions in transactions that roll back. Loaded while
 * the catalog is read. Must never attack, never write, and never read a row of a table.
 */
import type { Queryable, Snapshot } from "@watertight/schema";
import { counted } from "../words/counted.ts";
import type { MigrationTool } from "../find/migration.ts";
import type { Report } from "../report/report.ts";
import { rules } from "../rules/index.ts";
import { residuals } from "../rules/residuals.ts";
import type { Facts } from "../rules/rule.ts";
import { runRules } from "../rules/run-rules.ts";
import { probeServer } from "../server/probe-server.ts";
import { serverFindings } from "../server/server-findings.ts";
import { loadParser } from "../understand/sql/parser.ts";
import { acceptanceWarnings } from "./acceptance-warnings.ts";
import { type Acceptances, assembleFindings, type DecidedFinding, describeTables } from "./assemble.ts";
import { baselineOf } from "./baseline.ts";
import type { LiveRequest } from "./check-live.ts";
import { decide } from "./decide.ts";
import { factsFrom } from "./facts.ts";
import { noAttacks } from "./no-attacks.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { toolVersion } from "./tool-version.ts";

const kind: MigrationTool = "database";
const why =
  "Nothing was attacked and nothing was written: this is a live database. What the rules found is UNVERIFIED; `watertight check` on the migrations attacks a copy.";

// the server still works on the catalog while the parser's module is made ready; whoever needs it waits for it again
loadParser().catch(() => {});

/** The report on a snapshot of `request.db`. @throws ConfigError */
export async function judgeLive(
  snapshot: Snapshot,
  { db, root, resolved, configFile, onProgress = () => {}, today = new Date() }: LiveRequest,
  { timed, timing }: Stopwatch,
): Promise<{ readonly report: Report; readonly facts: Facts }> {
  const { options } = resolved;
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

async function currentRole(db: Queryable): Promise<string> {
  // the path is the database's here, and a domain named text on it runs its check as us
  const { rows } = await db.query("select current_user::pg_catalog.text as role");
  return String(rows[0]!["role"]);
}
