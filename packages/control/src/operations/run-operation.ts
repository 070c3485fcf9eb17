/**
 * Runs one operation under its lease: each step observed, done, verified, recorded; on failure or cancel before the point of no return,
 * undone backwards. Must be right when the process is killed between any two lines: everything is asked of the world again.
 */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit, appendAudits, type AuditEntry } from "../audit-log/append-audit.ts";
import type { CatalogPool } from "../db/transaction.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Failpoint } from "./failpoints.ts";
import { failureOf, isPassing } from "./failure.ts";
import { giveBack, holdLease, type Lease, takeLease } from "./lease.ts";
import type { Operation, OperationKind, Step, StepContext } from "./operation.ts";
import { listSteps, writeOperationEvent } from "./operation-rows.ts";
import { Pause } from "./pause.ts";
import { runEnded } from "./run-end.ts";
import { isLate, usualStepMs, withinLimit } from "./step-limit.ts";
import { recordPromises, recordStep, type StepRecord } from "./step-records.ts";

/** Tries of a step whose time was over: each may take its ten minutes. */
const mostLate = 3;
/** Leases in a row that a worker may die on without ending a step. */
const mostCrashes = 5;

/** What running needs. */
export interface RunOptions {
  readonly catalog: CatalogPool;
  readonly kinds: ReadonlyMap<string, OperationKind<never>>;
  /** Name of this worker, unique among those that run. */
  readonly worker: string;
  readonly signal: AbortSignal;
  readonly failpoint: Failpoint;
  /** Tries of a passing failure before it is one; default 8. */
  readonly mostAttempts?: number;
}

/** How a run ended. `later`: try again at that time. */
export type RunResult =
  | { readonly end: "succeeded" | "failed" | "cancelled" | "busy" | "lost" }
  | { readonly end: "later"; readonly at: Date };

/** Runs an operation as far as it goes. Never throws for what the operation does; only when the catalog itself is away. */
export async function runOperation(options: RunOptions, id: string): Promise<RunResult> {
  const operation = await takeLease(options.catalog, id, options.worker);
  if (operation === undefined) return { end: "busy" };
  const lease = holdLease(options.catalog, id, operation.leaseToken, options.signal);
  try {
    return await new Run(options, operation, lease).go();
  } catch (error) {
    await giveBack(lease, options.signal);
    if (lease.signal.aborted || (error as { code?: string }).code === "WT_OPERATION_LEASE_LOST") return { end: "lost" };
    throw error;
  } finally {
    lease.stop();
    await runEnded(lease);
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #lease: Lease;
  readonly #actor: Actor;
  readonly #notes: AuditEntry[] = [];
  #operation: Operation;
  #steps: readonly Step<never>[] = [];
  #input: unknown;

  constructor(options: RunOptions, operation: Operation, lease: Lease) {
    this.#options = options;
    this.#operation = operation;
    this.#lease = lease;
    this.#actor = { name: `worker:${options.worker}` };
  }

  async go(): Promise<RunResult> {
    if (this.#operation.crashes >= mostCrashes)
      return this.#end("failed", controlError("WT_OPERATION_CRASHES", { detail: `${this.#operation.crashes} times` }));
    const kind = this.#options.kinds.get(this.#operation.kind);
    try {
      // while workers are updated one by one, another one may know it
      if (kind === undefined)
        throw controlError("WT_OPERATION_KIND", { detail: this.#operation.kind, retryable: true });
      this.#input = kind.parse(this.#operation.input);
      this.#steps = kind.steps(this.#input as never);
    } catch (error) {
      if (this.#again(error)) return this.#later(error);
      return this.#end("failed", error);
    }
    return this.#operation.direction === "back" ? this.#back() : this.#forward();
  }

  async #forward(): Promise<RunResult> {
    const before = await withConnection(this.#options.catalog, (db) => listSteps(db, this.#operation.id));
    const done = new Set(before.filter(({ state }) => state === "done").map(({ position }) => position));
    const begun = new Set(before.filter(({ state }) => state !== "undone").map(({ position }) => position));
    // a step that was begun may have acted: a cancel that came at the same moment comes too late
    const isPast = (position: number): boolean =>
      this.#steps.some(
        ({ pointOfNoReturn }, at) => pointOfNoReturn === true && (at < position || (at === position && begun.has(at))),
      );
    let ended: StepRecord["done"];
    for (const [position, step] of this.#steps.entries()) {
      if (done.has(position)) continue;
      const past = isPast(position);
      const place = this.#placeOf(step.name);
      try {
        if (ended === undefined) place("before");
        const of = this.#steps.length;
        const noReturn = step.pointOfNoReturn === true;
        const next = { position, name: step.name, of, evenIfCancelled: past, noReturn };
        const turned = !(await this.#record({ ...(ended === undefined ? {} : { done: ended }), next }));
        if (ended !== undefined) this.#placeOf(ended.name)("recorded");
        if (turned) return await this.#turn(undefined);
        if (ended !== undefined) place("before");
        place("started");
        ended = undefined;
        const output = await this.#step(step);
        ended = { position, name: step.name, output };
        this.#operation = { ...this.#operation, output: { ...this.#operation.output, ...output } };
      } catch (error) {
        this.#lease.signal.throwIfAborted();
        if (error instanceof Pause) return this.#rest(error.until, step.name);
        if (this.#again(error)) return this.#later(error, step.name);
        await this.#recordFailure(position, error);
        // past the point of no return it stands where it is until somebody resumes it
        if (past || step.pointOfNoReturn === true) return this.#end("failed", error, step.name);
        return isLate(error) ? this.#turnLater(error, step.name) : this.#turn(error, step.name);
      }
    }
    if (ended !== undefined) {
      await this.#record({ done: ended });
      this.#placeOf(ended.name)("recorded");
    }
    return this.#end("succeeded");
  }

  #placeOf(step: string): (where: string) => void {
    return (where) => this.#options.failpoint(`${this.#operation.kind}.${step}.${where}`);
  }

  /** Answers whether the next step has begun. Notes wait for what has to be on the disk anyway. */
  async #record(
    what: Pick<StepRecord, "done" | "undone" | "next">,
    notes: readonly AuditEntry[] = [],
  ): Promise<boolean> {
    const record = { ...this.#held(), notes, ...what };
    const written = await withConnection(this.#options.catalog, (db) => recordStep(db, record));
    if (written === undefined) throw this.#lease.lose();
    if (what.done !== undefined || what.undone !== undefined) this.#operation = { ...this.#operation, attempts: 0 };
    return written.begun;
  }

  #held(): Pick<StepRecord, "operation" | "token" | "actor"> {
    return { operation: this.#operation.id, token: this.#lease.token, actor: this.#actor };
  }

  async #step(step: Step<never>): Promise<Readonly<Record<string, unknown>>> {
    const place = this.#placeOf(step.name);
    return withinLimit(this.#lease.signal, step.name, step.limitMs ?? usualStepMs, async (signal) => {
      const context = this.#context(signal);
      await step.before?.(context);
      let seen = await step.observe(context);
      let output: Readonly<Record<string, unknown>> = {};
      if (seen === false) {
        place("observed");
        output = (await step.act(context)) ?? {};
        place("acted");
        seen = await step.observe(this.#context(signal, output));
        if (seen === false) throw controlError("WT_OPERATION_UNVERIFIED", { detail: step.name });
      }
      place("verified");
      signal.throwIfAborted();
      return seen === true ? output : { ...seen, ...output };
    });
  }

  /** Undoes, last step first, everything that was begun. */
  async #back(): Promise<RunResult> {
    const begun = await withConnection(this.#options.catalog, (db) => listSteps(db, this.#operation.id));
    for (const { state, position, name } of begun.toReversed()) {
      if (state === "undone") continue;
      const step = this.#steps[position];
      const place = this.#placeOf(`${name}.undo`);
      try {
        place("before");
        await withinLimit(this.#lease.signal, name, step?.limitMs ?? usualStepMs, async (signal) =>
          step?.undo?.(this.#context(signal)),
        );
        place("acted");
      } catch (error) {
        this.#lease.signal.throwIfAborted();
        if (this.#again(error)) return this.#later(error, name);
        return this.#end("failed", error, name);
      }
      await this.#record({ undone: { position, name } });
      place("recorded");
    }
    return this.#end(this.#operation.error === null ? "cancelled" : "failed");
  }

  /** As {@link Run.#turn}, under the next lease: under this one a step may still be at work. */
  async #turnLater(error: unknown, step: string): Promise<RunResult> {
    const at = new Date();
    const failure = failureOf(error, step);
    await this.#commit(async (tx) => {
      await tx.query(
        `update watertight_catalog.operation set direction = 'back', error = $2, attempts = 0, state = 'waiting', lease_until = null, lease_owner = null,
           run_after = clock_timestamp() where id = $1`,
        [this.#operation.id, JSON.stringify(failure)],
      );
      await writeOperationEvent(tx, this.#operation.id, "undoing", { error: failure });
    });
    return { end: "later", at };
  }

  async #turn(error: unknown, step?: string): Promise<RunResult> {
    const failure = error === undefined ? null : failureOf(error, step);
    await this.#commit(async (tx) => {
      await tx.query(
        "update watertight_catalog.operation set direction = 'back', error = $2, attempts = 0 where id = $1",
        [this.#operation.id, failure === null ? null : JSON.stringify(failure)],
      );
      await writeOperationEvent(tx, this.#operation.id, "undoing", failure === null ? {} : { error: failure });
    });
    this.#operation = { ...this.#operation, direction: "back", error: failure, attempts: 0 };
    return this.#back();
  }

  #again(error: unknown): boolean {
    const most = this.#options.mostAttempts ?? 8;
    return isPassing(error) && this.#operation.attempts + 1 < (isLate(error) ? Math.min(mostLate, most) : most);
  }

  async #later(error: unknown, step?: string): Promise<RunResult> {
    const failure = failureOf(error, step);
    // half a second, doubled, at most half a minute; a random part, so that many operations do not come back together
    const waitMs = Math.min(30_000, 500 * 2 ** this.#operation.attempts) * (0.75 + Math.random() / 2);
    const at = new Date(Date.now() + waitMs);
    await this.#commit(async (tx) => {
      await tx.query(
        `update watertight_catalog.operation set state = 'waiting', attempts = attempts + 1, lease_until = null, lease_owner = null,
           run_after = clock_timestamp() + $2 * interval '1 ms' where id = $1`,
        [this.#operation.id, waitMs],
      );
      await writeOperationEvent(tx, this.#operation.id, "waiting", { error: failure, at: at.toISOString() });
    });
    return { end: "later", at };
  }

  /** Waits for a time that a step named; a cancel wakes it up before. */
  async #rest(until: Date, step: string): Promise<RunResult> {
    await this.#commit(async (tx) => {
      await tx.query(
        "update watertight_catalog.operation set state = 'waiting', lease_until = null, lease_owner = null, run_after = $2 where id = $1",
        [this.#operation.id, until],
      );
      await writeOperationEvent(tx, this.#operation.id, "waiting", { step, at: until.toISOString() });
    });
    return { end: "later", at: until };
  }

  async #end(end: "succeeded" | "failed" | "cancelled", error?: unknown, step?: string): Promise<RunResult> {
    const failure = error === undefined ? this.#operation.error : failureOf(error, step);
    this.#options.failpoint(`${this.#operation.kind}.end.before`);
    await this.#commit(async (tx) => {
      await tx.query(
        `update watertight_catalog.operation set state = $2, error = $3, lease_until = null, lease_owner = null, finished_at = clock_timestamp(),
           unfinished = $2 <> 'succeeded' and exists (select from watertight_catalog.operation_step s where s.operation = $1 and s.state <> 'undone')
          where id = $1`,
        [this.#operation.id, end, failure === null || end === "succeeded" ? null : JSON.stringify(failure)],
      );
      // What was made belongs to the tenant now; what was undone is gone. Only a failure in the middle leaves them open.
      if (end === "succeeded")
        await tx.query(
          "update watertight_catalog.cleanup set settled_at = clock_timestamp(), settled_as = 'kept' where operation = $1 and settled_at is null",
          [this.#operation.id],
        );
      await appendAudit(tx, this.#actor, `operation.${end}`, `operation:${this.#operation.id}`, {
        kind: this.#operation.kind,
        subject: this.#operation.subject,
        ...(failure === null ? {} : { error: failure.code }),
      });
      await writeOperationEvent(tx, this.#operation.id, end, failure === null ? {} : { error: failure });
    });
    this.#options.failpoint(`${this.#operation.kind}.end.recorded`);
    return { end };
  }

  async #recordFailure(position: number, error: unknown): Promise<void> {
    await this.#commit((tx) =>
      tx.query(
        "update watertight_catalog.operation_step set state = 'failed', error = $3, finished_at = clock_timestamp() where operation = $1 and position = $2",
        [this.#operation.id, position, JSON.stringify(failureOf(error))],
      ),
    );
  }

  /** A transaction under the lease; what waited to be written to the audit log goes along, last, because it locks the log's head. */
  async #commit<T>(fn: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.#withNotes((notes) =>
      this.#lease.commit(async (tx) => {
        const result = await fn(tx);
        if (notes.length > 0) await appendAudits(tx, this.#actor, notes);
        return result;
      }),
    );
  }

  async #withNotes<T>(fn: (notes: readonly AuditEntry[]) => Promise<T>): Promise<T> {
    const notes = this.#notes.splice(0);
    try {
      return await fn(notes);
    } catch (error) {
      // better told twice than not at all
      this.#notes.unshift(...notes);
      throw error;
    }
  }

  #context(signal: AbortSignal, output: Readonly<Record<string, unknown>> = {}): StepContext<never> {
    const { catalog, failpoint } = this.#options;
    return {
      operation: this.#operation,
      input: this.#input as never,
      output: { ...this.#operation.output, ...output },
      actor: this.#actor,
      signal,
      run: this.#lease,
      catalog,
      commit: (fn) => this.#commit(fn),
      confirm: async () => void (await this.#withNotes((notes) => this.#record({}, notes))),
      willMake: async (...records) => {
        const written = await this.#withNotes((notes) =>
          withConnection(catalog, (db) => recordPromises(db, { ...this.#held(), notes }, records)),
        );
        if (!written) throw this.#lease.lose();
      },
      note: (entry) => void this.#notes.push(entry),
      progress: (data) =>
        withConnection(catalog, (db) => writeOperationEvent(db, this.#operation.id, "progress", data)),
      failpoint: (name) => failpoint(`${this.#operation.kind}.${name}`),
    };
  }
}
