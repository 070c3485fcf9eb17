/**
 * The whole check of a project: find, parse, replay, understand, judge, attack, report. One road for the command line, CI and everyone else.
 * Must never write into the project; what is to be kept, the caller writes.
 */
import { counted } from "../words/counted.ts";
import { randomBytes } from "node:crypto";
import type { ResolvedOptions } from "../config/resolve.ts";
import { type Suppression, type SuppressionProblem, suppressionsIn } from "../config/suppressions.ts";
import type { Migration, MigrationSet } from "../find/migration.ts";
import { planFixes } from "../fix/plan-fixes.ts";
import { attackReplay } from "./attack-replay.ts";
import type { Matrix } from "../matrix/matrix.ts";
import { parseMigrations } from "../parse/parse-migrations.ts";
import { binariesOf } from "../replay/binaries.ts";
import { bootSandbox } from "../replay/boot.ts";
import { type Replay, replay } from "../replay/replay.ts";
import { OWNER } from "../replay/sandbox.ts";
import type { Finding, Report } from "../report/report.ts";
import type { Facts } from "../rules/rule.ts";
import { worthFixing } from "../report/order.ts";
import { residuals } from "../rules/residuals.ts";
import { runRules } from "../rules/run-rules.ts";
import { acceptanceWarnings } from "./acceptance-warnings.ts";
import { type Acceptances, assembleFindings, countStatements, describeTables } from "./assemble.ts";
import { baselineOf } from "./baseline.ts";
import { decide } from "./decide.ts";
import { factsFrom } from "./facts.ts";
import { withoutSandboxRights } from "./sandbox-rights.ts";
import { chooseMigrations, nothingRan } from "./sources.ts";
import { noAttacks } from "./no-attacks.ts";
import { makeStopwatch } from "./stopwatch.ts";
import { toolVersion } from "./tool-version.ts";

/** A step of a check, for progress. `done` of `all` where that can be counted. */
export interface Progress {
  readonly step: "find" | "boot" | "replay" | "judge" | "seed" | "attack" | "prove" | "report";
  readonly text: string;
  readonly done?: number;
  readonly all?: number;
}

const doing = {
  seed: "tables seeded",
  attack: "attacks",
  prove: "blocked attacks tried with the defence off",
} as const;

/** What to check. */
export interface CheckRequest {
  /** The project's folder. */
  readonly root: string;
  readonly resolved: ResolvedOptions;
  /** Name of the configuration file, for the report. */
  readonly configFile: string | null;
  /** False: rules only. */
  readonly attack?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  readonly today?: Date;
  /** Only migrations up to this one, for bisect. */
  readonly until?: number;
  /** Migrations behind those of the project, for fixes that are not written yet. */
  readonly append?: readonly Migration[];
  /** Ids and canaries of the two tenants come from it; default: a new one for each check. */
  readonly seed?: string;
}

/** What came of it. The replayed database is there until close(). */
export interface Checked {
  readonly report: Report;
  readonly facts: Facts;
  readonly set: MigrationSet;
  readonly replay: Replay;
  /** Sentences for the person: other migrations that were found. */
  readonly remarks: readonly string[];
  close(): Promise<void>;
}

/** A seed for the tenants of one check. */
export const newSeed = (): string => randomBytes(8).toString("hex");

/**
 * Checks a project.
 * @throws CheckError WT_CHECK_NO_MIGRATIONS, WT_CHECK_NOTHING_RAN, ConfigError, EmbeddedError
 * @example
 * const { report, close } = await check({ root: process.cwd(), resolved: resolveOptions({}), configFile: null });
 * try { console.log(report.findings.length); } finally { await close(); }
 */
export async function check(request: CheckRequest): Promise<Checked> {
  const { root, resolved, configFile, today = new Date(), onProgress = () => {}, signal } = request;
  const { options } = resolved;
  const { timed, timing } = makeStopwatch();
  const { seed = newSeed() } = request;

  const { set: all, others } = await timed("find", () => chooseMigrations(root, options));
  const set = { ...all, migrations: [...all.migrations.slice(0, request.until), ...(request.append ?? [])] };
  onProgress({ step: "find", text: `${counted(set.migrations.length, "migration")} in ${set.folder} (${set.tool})` });
  const [version = 18] = options.server;
  const binaries = binariesOf(version);
  const boot = bootSandbox({ version, ...(binaries === undefined ? {} : { binaries }) });
  try {
    const parsed = await timed("parse", () => parseMigrations(set));
    const { suppressions, problems } = suppressionsOf(set, request, today);
    const sandbox = await timed("boot", () => boot.ready());
    const replayed = await timed("replay", () =>
      replay(parsed, {
        sandbox,
        limits: {
          statementMs: options.limits.statementSeconds * 1000,
          totalMs: options.limits.seconds * 1000,
        },
        onProgress: (done, count) => onProgress({ step: "replay", text: "statements replayed", done, all: count }),
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    const statements = withUnread(countStatements(replayed.statements), set);
    // of a part of the history, for bisect, nothing need come
    if (request.until === undefined) refuseNothing(set, statements);
    const facts = await timed("understand", () =>
      factsFrom(withoutSandboxRights(replayed.snapshot, replayed.history, OWNER), replayed.history, resolved),
    );
    const found = await timed("rules", async () => runRules(facts));
    onProgress({ step: "judge", text: `${counted(found.length, "finding")} by the rules` });
    const matrix: Matrix =
      request.attack === false
        ? noAttacks(null)
        : await timed("attack", () =>
            attackReplay(replayed, facts, {
              budgetMs: options.limits.attackSeconds * 1000,
              seed,
              onProgress: ({ phase, done, total }) =>
                onProgress({ step: phase, text: doing[phase], done, ...(total === null ? {} : { all: total }) }),
              ...(signal === undefined ? {} : { signal }),
            }),
          );
    const accepted: Acceptances = {
      accept: options.accept,
      suppressions,
      file: configFile ?? "watertight.config.ts",
      baseline: await baselineOf(root, options.baseline),
      today,
    };
    const findings = assembleFindings(decide(found, matrix, facts), replayed.history, accepted);
    const report: Report = {
      schemaVersion: 1,
      tool: { name: "watertight", version: toolVersion() },
      source: { kind: set.tool, folder: set.folder, migrations: set.migrations.length },
      server: { version: replayed.snapshot.serverVersion, bootMs: Math.round(replayed.bootMs) },
      statements,
      understanding: facts.understanding,
      tables: describeTables(facts.understanding),
      findings,
      matrix,
      // bisect asks many parts of the history, and fixes none
      fixable: request.until === undefined ? fixableOf(facts, findings) : [],
      warnings: acceptanceWarnings(accepted, {
        findings,
        problems,
        baselineFile: options.baseline,
        complete: matrix.cells.length > 0 && request.until === undefined,
      }),
      residuals,
      timing: timing(),
      ...(request.attack === false ? {} : { seed }),
    };
    const remarks = others.map(
      (other) =>
        `also found, not checked: ${other.folder} (${other.tool}, ${counted(other.migrations.length, "migration")}); choose with --folder`,
    );
    return { report, facts, set, replay: replayed, remarks, close: () => boot.close() };
  } catch (error) {
    await boot.close();
    throw error;
  }
}

/** A schema of which nothing came must not look like one without a finding. */
function refuseNothing(set: MigrationSet, { read, ran, failed, skipped }: Report["statements"]): void {
  const [first] = [...failed, ...skipped];
  if (ran === 0 && first !== undefined) throw nothingRan(set, read, first, first.reason);
}

function fixableOf(facts: Facts, findings: readonly Finding[]): string[] {
  const { statements } = planFixes(facts, worthFixing(findings));
  return [...new Set(statements.flatMap((statement) => statement.findings))];
}

/** Files and parts of files that could not be read count as statements that failed: what they make is not judged. */
function withUnread(ran: Report["statements"], { unread }: MigrationSet): Report["statements"] {
  return { ...ran, read: ran.read + unread.length, failed: [...unread, ...ran.failed] };
}

function suppressionsOf(
  set: MigrationSet,
  { resolved: { options } }: CheckRequest,
  today: Date,
): { suppressions: Suppression[]; problems: SuppressionProblem[] } {
  const suppressions: Suppression[] = [];
  const problems: SuppressionProblem[] = [];
  for (const { file, fragments } of set.migrations)
    for (const { sql, line } of fragments) {
      const own = suppressionsIn(file, sql, { today, maxDays: options.acceptDays, line });
      suppressions.push(...own.suppressions);
      problems.push(...own.problems);
    }
  return { suppressions, problems };
}
