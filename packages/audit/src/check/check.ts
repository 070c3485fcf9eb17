/**
 * The whole check of a project: find, parse, replay, understand, judge, attack, report. One road for the command line, CI and everyone else.
 * Must never write into the project; what is to be kept, the caller writes.
 */
import { randomBytes } from "node:crypto";
import type { ResolvedOptions } from "../config/resolve-options.ts";
import { type Suppression, suppressionsIn } from "../config/suppressions.ts";
import type { Migration, MigrationSet } from "../find/migration.ts";
import { attackReplay, noAttacks } from "./attack-replay.ts";
import type { Matrix } from "../matrix/matrix.ts";
import { parseMigrations } from "../parse/parse-migrations.ts";
import { binariesOf } from "../replay/binaries.ts";
import { bootSandbox } from "../replay/boot.ts";
import { type Replay, replay } from "../replay/replay.ts";
import { OWNER } from "../replay/sandbox.ts";
import type { Report } from "../report/report.ts";
import type { Facts } from "../rules/rule.ts";
import { residuals } from "../rules/residuals.ts";
import { runRules } from "../rules/run-rules.ts";
import { type Acceptances, assembleFindings, countStatements, describeTables } from "./assemble.ts";
import { baselineOf } from "./baseline.ts";
import { CheckError } from "./check-error.ts";
import { decide } from "./decide.ts";
import { factsFrom } from "./facts.ts";
import { withoutSandboxRights } from "./sandbox-rights.ts";
import { chooseMigrations } from "./sources.ts";
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
  /** Sentences for the person: other migrations that were found, acceptances that have run out. */
  readonly remarks: readonly string[];
  close(): Promise<void>;
}

/** A seed for the tenants of one check. */
export const newSeed = (): string => randomBytes(8).toString("hex");

/**
 * Checks a project.
 * @throws CheckError, ConfigError, EmbeddedError
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
  onProgress({ step: "find", text: `${set.migrations.length} migrations in ${set.folder} (${set.tool})` });
  const [version = 18] = options.server;
  const binaries = binariesOf(version);
  const boot = bootSandbox({ version, ...(binaries === undefined ? {} : { binaries }) });
  try {
    const parsed = await timed("parse", () => parseMigrations(set));
    const { accept, suppressions, remarks } = acceptances(set, request, today);
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
    const counted = withUnread(countStatements(replayed.statements), set);
    // of a part of the migrations, nothing may be what there is
    if (counted.ran === 0 && counted.read > 0 && request.until === undefined) throw nothingRan(counted);
    const facts = await timed("understand", () =>
      factsFrom(withoutSandboxRights(replayed.snapshot, replayed.history, OWNER), replayed.history, resolved),
    );
    const found = await timed("rules", async () => runRules(facts));
    onProgress({ step: "judge", text: `${found.length} findings by the rules` });
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
    const findings = assembleFindings(decide(found, matrix, facts), replayed.history, {
      accept,
      suppressions,
      file: configFile ?? "watertight.config.ts",
      baseline: await baselineOf(root, options.baseline),
      today,
    });
    const report: Report = {
      schemaVersion: 1,
      tool: { name: "watertight", version: toolVersion() },
      source: { kind: set.tool, folder: set.folder, migrations: set.migrations.length },
      server: { version: replayed.snapshot.serverVersion, bootMs: Math.round(replayed.bootMs) },
      statements: counted,
      understanding: facts.understanding,
      tables: describeTables(facts.understanding),
      findings,
      matrix,
      residuals,
      timing: timing(),
      ...(request.attack === false ? {} : { seed }),
    };
    const also = others.map(
      (other) =>
        `also found, not checked: ${other.folder} (${other.tool}, ${other.migrations.length}); choose with --folder`,
    );
    return { report, facts, set, replay: replayed, remarks: [...also, ...remarks], close: () => boot.close() };
  } catch (error) {
    await boot.close();
    throw error;
  }
}

function nothingRan({ read, failed, skipped }: Report["statements"]): CheckError {
  const [first] = [...failed, ...skipped];
  return new CheckError(
    "WT_CHECK_NOTHING_RAN",
    `Of ${read} statements not one could be read or run; the first: ${first!.file}:${first!.line} ${first!.reason}.`,
    "Correct --tool, --folder or --server, or what the reason says.",
  );
}

/** Files and parts of files that could not be read count as statements that failed: what they make is not judged. */
function withUnread(counted: Report["statements"], { unread }: MigrationSet): Report["statements"] {
  return { ...counted, read: counted.read + unread.length, failed: [...unread, ...counted.failed] };
}

function acceptances(
  set: MigrationSet,
  { resolved: { options } }: CheckRequest,
  today: Date,
): { accept: Acceptances["accept"]; suppressions: Suppression[]; remarks: string[] } {
  const suppressions: Suppression[] = [];
  const remarks: string[] = [];
  for (const { file, fragments } of set.migrations)
    for (const { sql, line } of fragments) {
      const own = suppressionsIn(file, sql, { today, maxDays: options.acceptDays, line });
      suppressions.push(...own.suppressions);
      remarks.push(...own.problems, ...own.expired);
    }
  return { accept: options.accept, suppressions, remarks };
}
