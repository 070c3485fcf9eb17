/**
 * Brings one target to a release: what is missing runs, with the ledger and the schema version in the same transactions. Killed at any point and
 * run again, it ends in the same state. Must never leave a migration half recorded, nor make the application wait longer than lock_timeout.
 */
import { performance } from "node:perf_hooks";
import { MigrationError } from "../migration-error.ts";
import { filesFor, type Release, type ReleaseFile } from "../release/release.ts";
import { schemaVersion } from "../release/schema-version.ts";
import { protectsNew, requireTarget, scopeOf, type Target } from "../target.ts";
import { type Command, lockTenant, type Work, workOf } from "./batch.ts";
import { BatchFailure, TargetConnection } from "./connection.ts";
import { type Failpoint, failpoints } from "./failpoint.ts";
import { createLedger, moveVersion, readLedger, recordSteps, recordWhole, requireSteps } from "./ledger.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { protectNew } from "./protect-new.ts";
import { isLockFailure, withRetries } from "./retry.ts";
import { runAlone } from "./run-alone.ts";
import { missingAfter, missingIn, positionBefore, standingOf, type Unit, unitsOf } from "./units.ts";

/** A copy of what a target's ledger says, for a central place. */
export interface MirrorEntry {
  readonly target: string;
  readonly version: string;
  /** Migrations that this run applied; their durations are what estimates rest on. */
  readonly applied: readonly { readonly name: string; readonly position: number; readonly durationMs: number }[];
}

/** How to apply. */
export interface ApplyOptions {
  /** How long statements wait for locks and run; of the connection, where one is given. */
  readonly limits?: Partial<Limits>;
  /** Time for all attempts to get the locks, milliseconds; default 10,000. */
  readonly budgetMs?: number;
  /** The schema version in the target's fence row, where it was just read: saves a round trip. */
  readonly version?: string | null;
  /** An open connection to the target's database; it stays open. */
  readonly connection?: TargetConnection;
  /** Copies what was done to a central place. */
  readonly mirror?: (entry: MirrorEntry) => void | Promise<void>;
  readonly signal?: AbortSignal;
  readonly failpoint?: Failpoint;
  /** 0 to 1; for tests of the pauses. */
  readonly random?: () => number;
}

/** What was done in a target. */
export interface TargetResult {
  readonly target: string;
  /** The schema version now. */
  readonly version: string;
  /** Names of the migrations that ran now. */
  readonly applied: readonly string[];
  readonly durationMs: number;
  /** Times that locks were not to be had. */
  readonly retries: number;
  /** New tables of a pool that have no tenant column and were left without protection. */
  readonly unprotected: readonly string[];
}

/**
 * Brings a target to a release.
 * @throws MigrationError WT_MIGRATION_FAILED (with file and line in `facts`), WT_MIGRATION_BUSY, WT_MIGRATION_EDITED, WT_MIGRATION_INDEX,
 * WT_MIGRATION_TARGET, WT_MIGRATION_NO_KIT
 * @example await applyToTarget({ id: "acme", model: "schema", schema: "acme", connect }, release);
 */
export async function applyToTarget(
  target: Target,
  release: Release,
  options: ApplyOptions = {},
): Promise<TargetResult> {
  requireTarget(target);
  const failpoint = options.failpoint ?? (() => {});
  await failpoint(failpoints.begin);
  const connection =
    options.connection ?? (await TargetConnection.open(target.connect, { ...defaultLimits, ...options.limits }));
  try {
    return await new Application(connection, target, release, options, failpoint).run();
  } finally {
    if (options.connection === undefined) await connection.end();
  }
}

class Application {
  readonly connection: TargetConnection;
  readonly target: Target;
  readonly release: Release;
  readonly options: ApplyOptions;
  readonly failpoint: Failpoint;
  readonly limits: Limits;
  readonly applied: { name: string; position: number; durationMs: number }[] = [];
  readonly unprotected: string[] = [];
  /** Steps that are done, by migration, as far as this run knows. */
  readonly known: Map<string, number> = new Map();
  retries = 0;

  constructor(
    connection: TargetConnection,
    target: Target,
    release: Release,
    options: ApplyOptions,
    failpoint: Failpoint,
  ) {
    this.connection = connection;
    this.target = target;
    this.release = release;
    this.options = options;
    this.failpoint = failpoint;
    this.limits = connection.limits;
  }

  async run(): Promise<TargetResult> {
    const begun = performance.now();
    const version = schemaVersion(this.release);
    const standing = standingOf(this.release, this.options.version);
    let known = standing === "behind" ? this.options.version! : undefined;
    for (let round = 0; standing !== "current"; round++) {
      try {
        if (known === undefined || !(await this.#quickly(known))) await this.#carefully();
        break;
      } catch (error) {
        // somebody else was at work here too: the ledger tells what is left
        if (round > 4 || !this.connection.usable || !(await this.#moved())) throw error;
        known = undefined;
      }
    }
    if (this.applied.length > 0) {
      await this.failpoint(failpoints.beforeMirror);
      await this.options.mirror?.({ target: this.target.id, version, applied: this.applied });
      await this.failpoint(failpoints.mirrored);
    }
    return {
      target: this.target.id,
      version,
      applied: this.applied.map(({ name }) => name),
      durationMs: performance.now() - begun,
      retries: this.retries,
      unprotected: this.unprotected,
    };
  }

  /** Whether the ledger holds more than this run knows of. */
  async #moved(): Promise<boolean> {
    const ledger = await readLedger(this.connection, this.target);
    return (ledger ?? []).some(({ name, stepsDone }) => stepsDone > (this.known.get(name) ?? 0));
  }

  /** One message for everything that is missing behind a schema version; false where that is more than one transaction. */
  async #quickly(version: string): Promise<boolean> {
    const missing = missingAfter(this.release, this.target, version);
    const units = unitsOf(missing, []);
    if (units.length > 1 || units.some(({ kind }) => kind !== "together")) return false;
    for (const { name, steps } of filesFor(this.release, scopeOf(this.target.model)))
      if (!missing.some((each) => each.name === name)) this.known.set(name, steps.length);
    await this.#transaction(
      missing.map((each) => whole(this.target, each)),
      this.release.files.length,
      [],
    );
    return true;
  }

  async #carefully(): Promise<void> {
    const ledger = await readLedger(this.connection, this.target);
    for (const { name, stepsDone } of ledger ?? []) this.known.set(name, stepsDone);
    await this.failpoint(failpoints.ledgerRead);
    const missing = missingIn(this.release, this.target, ledger ?? []);
    await this.#units(unitsOf(missing, ledger ?? []), ledger === undefined ? createLedger(this.target) : []);
  }

  async #units(units: readonly Unit[], head: readonly string[]): Promise<void> {
    const first = (unit: Unit | undefined): ReleaseFile | undefined =>
      unit === undefined ? undefined : unit.kind === "together" ? unit.migrations[0] : unit.migration;
    if (units.length === 0) return this.#transaction([], this.release.files.length, head);
    let before = head;
    for (const [i, unit] of units.entries()) {
      const after = positionBefore(this.release, first(units[i + 1]));
      if (unit.kind === "together")
        await this.#transaction(
          unit.migrations.map((each) => whole(this.target, each)),
          after,
          before,
        );
      else await this.#steps(unit, after, before);
      before = [];
    }
  }

  async #steps(
    { migration, done }: Extract<Unit, { kind: "steps" }>,
    after: number,
    head: readonly string[],
  ): Promise<void> {
    let before = head;
    for (const [number, step] of migration.steps.entries()) {
      if (number < done) continue;
      const isLast = number === migration.steps.length - 1;
      if (step.kind === "transaction") {
        const record = recordSteps(this.target, migration, number + 1, null);
        const guard = requireSteps(this.target, migration, number);
        const work = { migration, statements: step.statements, record };
        await this.#transaction([work], isLast ? after : undefined, [...before, guard], isLast);
      } else {
        if (before.length > 0) await this.#transaction([], undefined, before);
        const afterwards = isLast ? moveVersion(this.target, schemaVersion(this.release, after)) : "";
        const begun = performance.now();
        await this.#retried(migration, async () => {
          try {
            await runAlone(
              this.connection,
              { target: this.target, migration, number, step, afterwards },
              this.failpoint,
            );
          } catch (error) {
            throw this.#told(error, [{ text: step.statement.text, statement: step.statement, migration }], 0);
          }
        });
        if (isLast) this.#did(migration, performance.now() - begun);
      }
      this.known.set(migration.name, number + 1);
      before = [];
    }
  }

  /** Work, ledger and schema version in one transaction; `position` undefined leaves the version where it is. */
  async #transaction(
    works: readonly Work[],
    position: number | undefined,
    head: readonly string[],
    complete = true,
  ): Promise<void> {
    const { connection, target, limits } = this;
    const statements = works.flatMap((work) => work.statements);
    const commands: Command[] = [
      lockTenant(target),
      ...head.map((text) => ({ text })),
      ...workOf(works, limits, connection.speaker, target),
    ];
    const tail: Command[] =
      position === undefined ? [] : [{ text: moveVersion(target, schemaVersion(this.release, position)) }];
    const protects = protectsNew(target) && statements.some(({ table }) => table !== null);
    await this.failpoint(failpoints.beforeTransaction);
    const begun = performance.now();
    await this.#retried(works[0]?.migration, async () => {
      const left: string[] = [];
      // PostgreSQL runs one message as one transaction: BEGIN and COMMIT would be two commands more
      await this.#send(protects ? [{ text: "begin" }, ...commands] : [...commands, ...tail]);
      if (protects) {
        try {
          const without = await protectNew(connection, statements, limits.lockTimeoutMs);
          // in a database of its own a table without tenant column is the tenant's
          if (target.model !== "database") left.push(...without);
        } catch (error) {
          await connection.clear();
          throw this.#told(error, [], 0);
        }
        await this.#send([...tail, { text: "commit" }]);
      }
      this.unprotected.push(...left);
    });
    await this.failpoint(failpoints.afterCommit);
    if (complete) for (const { migration } of works) this.#did(migration, (performance.now() - begun) / works.length);
  }

  #did({ name, position, steps }: ReleaseFile, durationMs: number): void {
    this.known.set(name, steps.length);
    this.applied.push({ name, position, durationMs });
  }

  async #send(commands: readonly Command[]): Promise<void> {
    try {
      await this.connection.batch(commands.map(({ text }) => text));
    } catch (error) {
      await this.connection.clear();
      throw this.#told(error, commands, error instanceof BatchFailure ? error.index : 0);
    }
  }

  /** The database's refusal as ours, with the statement that it was. Lock failures stay as they are: they are tried again. */
  #told(error: unknown, commands: readonly Command[], index: number): unknown {
    if (error instanceof MigrationError || isLockFailure(error)) return error;
    const failure =
      error instanceof BatchFailure ? (error.cause as Error & { code?: string }) : (error as Error & { code?: string });
    const { statement, migration } = commands[index] ?? {};
    const place = statement === undefined ? (migration?.file ?? "the ledger") : `${statement.file}:${statement.line}`;
    return new MigrationError("WT_MIGRATION_FAILED", {
      detail: `${this.target.id}, ${place}: ${failure.message}`,
      cause: failure,
      ...(failure.code === undefined ? {} : { sqlstate: failure.code }),
      facts: {
        target: this.target.id,
        message: failure.message,
        own: statement === undefined,
        ...(migration === undefined ? {} : { file: statement?.file ?? migration.file }),
        ...(statement === undefined ? {} : { line: statement.line }),
      },
    });
  }

  #retried<T>(migration: ReleaseFile | undefined, fn: () => Promise<T>): Promise<T> {
    const { budgetMs = 10_000, signal, random } = this.options;
    return withRetries(
      (attempt) => {
        this.retries += attempt > 1 ? 1 : 0;
        return fn();
      },
      `${this.target.id}${migration === undefined ? "" : `, ${migration.file}`}`,
      { budgetMs, ...(signal === undefined ? {} : { signal }), ...(random === undefined ? {} : { random }) },
    );
  }
}

const whole = (target: Target, migration: ReleaseFile): Work => ({
  migration,
  statements: migration.steps.flatMap((step) => (step.kind === "transaction" ? step.statements : [])),
  record: recordWhole(target, migration),
});
