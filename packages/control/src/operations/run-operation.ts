/**
 * Runs one operation under its lease: each step observed, done, verified, recorded; on failure or cancel before the point of no return,
 * undone backwards. Must be right when the process is killed between any two lines: everything is asked of the world again.
 */
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import type { CatalogPool } from "../db/transaction.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Failpoint } from "./failpoints.ts";
import { failureOf, isPassing } from "./failure.ts";
import { holdLease, type Lease, takeLease } from "./lease.ts";
import type { Operation, OperationKind, Step, StepContext } from "./operation.ts";
import { getOperation, listSteps, writeOperationEvent } from "./operation-rows.ts";
import { Pause } from "./pause.ts";
import { runEnded } from "./run-end.ts";

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
    if (options.signal.aborted) await lease.release().catch(() => {});
    if (lease.signal.aborted || (error as { code?: string }).code === "WT_OPERATION_LEASE_LOST") return { end: "lost" };
    throw error;
  } finally {
    lease.stop();
    await runEnded(lease.signal);
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #lease: Lease;
  readonly #actor: Actor;
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
    for (const [position, step] of this.#steps.entries()) {
      if (done.has(position)) continue;
      // a step that was begun may have acted: a cancel that came at the same moment comes too late
      const past = this.#steps.some(
        ({ pointOfNoReturn }, at) => pointOfNoReturn === true && (at < position || (at === position && begun.has(at))),
      );
      if (!past && (await this.#cancelled())) return this.#turn(undefined);
      try {
        await this.#step(position, step);
      } catch (error) {
        this.#lease.signal.throwIfAborted();
        if (error instanceof Pause) return this.#rest(error.until, step.name);
        if (this.#again(error)) return this.#later(error, step.name);
        await this.#recordFailure(position, error);
        // past the point of no return it stands where it is until somebody resumes it
        return past || step.pointOfNoReturn === true
          ? this.#end("failed", error, step.name)
          : this.#turn(error, step.name);
      }
    }
    return this.#end("succeeded");
  }

  async #step(position: number, step: Step<never>): Promise<void> {
    const context = this.#context();
    const place = (where: string): void => this.#options.failpoint(`${this.#operation.kind}.${step.name}.${where}`);
    place("before");
    await this.#lease.commit(async (tx) => {
      await tx.query(
        `insert into watertight_catalog.operation_step as s (operation, position, name) values ($1, $2, $3)
         on conflict (operation, position) do update set state = 'running', attempts = s.attempts + 1, error = null, finished_at = null`,
        [this.#operation.id, position, step.name],
      );
      await writeOperationEvent(tx, this.#operation.id, "step_started", {
        step: step.name,
        of: this.#steps.length,
        position,
      });
    });
    place("started");
    await step.before?.(context);
    let output: Readonly<Record<string, unknown>> = {};
    if (!(await step.observe(context))) {
      place("observed");
      output = (await step.act(context)) ?? {};
      place("acted");
      if (!(await step.observe(this.#context(output))))
        throw controlError("WT_OPERATION_UNVERIFIED", { detail: step.name });
    }
    place("verified");
    this.#lease.signal.throwIfAborted();
    await this.#lease.commit(async (tx) => {
      await tx.query(
        "update watertight_catalog.operation_step set state = 'done', output = $3, finished_at = clock_timestamp() where operation = $1 and position = $2",
        [this.#operation.id, position, JSON.stringify(output)],
      );
      await tx.query("update watertight_catalog.operation set output = output || $2, attempts = 0 where id = $1", [
        this.#operation.id,
        JSON.stringify(output),
      ]);
      await writeOperationEvent(tx, this.#operation.id, "step_done", { step: step.name, position });
    });
    place("recorded");
    this.#operation = { ...this.#operation, output: { ...this.#operation.output, ...output }, attempts: 0 };
  }

  /** Undoes, last step first, everything that was begun. */
  async #back(): Promise<RunResult> {
    const begun = await withConnection(this.#options.catalog, (db) => listSteps(db, this.#operation.id));
    for (const row of begun.toReversed()) {
      if (row.state === "undone") continue;
      const step = this.#steps[row.position];
      const place = (where: string): void =>
        this.#options.failpoint(`${this.#operation.kind}.${row.name}.undo.${where}`);
      try {
        place("before");
        await step?.undo?.(this.#context());
        place("acted");
      } catch (error) {
        this.#lease.signal.throwIfAborted();
        if (this.#again(error)) return this.#later(error, row.name);
        return this.#end("failed", error, row.name);
      }
      await this.#lease.commit(async (tx) => {
        await tx.query(
          "update watertight_catalog.operation_step set state = 'undone', finished_at = clock_timestamp() where operation = $1 and position = $2",
          [this.#operation.id, row.position],
        );
        await tx.query("update watertight_catalog.operation set attempts = 0 where id = $1", [this.#operation.id]);
        await writeOperationEvent(tx, this.#operation.id, "step_undone", { step: row.name, position: row.position });
      });
      place("recorded");
    }
    return this.#end(this.#operation.error === null ? "cancelled" : "failed");
  }

  async #turn(error: unknown, step?: string): Promise<RunResult> {
    const failure = error === undefined ? null : failureOf(error, step);
    await this.#lease.commit(async (tx) => {
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
    return isPassing(error) && this.#operation.attempts + 1 < (this.#options.mostAttempts ?? 8);
  }

  async #later(error: unknown, step?: string): Promise<RunResult> {
    const failure = failureOf(error, step);
    // half a second, doubled, at most half a minute; a random part, so that many operations do not come back together
    const waitMs = Math.min(30_000, 500 * 2 ** this.#operation.attempts) * (0.75 + Math.random() / 2);
    const at = new Date(Date.now() + waitMs);
    await this.#lease.commit(async (tx) => {
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
    await this.#lease.commit(async (tx) => {
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
    await this.#lease.commit(async (tx) => {
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
    await this.#lease.commit((tx) =>
      tx.query(
        "update watertight_catalog.operation_step set state = 'failed', error = $3, finished_at = clock_timestamp() where operation = $1 and position = $2",
        [this.#operation.id, position, JSON.stringify(failureOf(error))],
      ),
    );
  }

  async #cancelled(): Promise<boolean> {
    return withConnection(
      this.#options.catalog,
      async (db) => (await getOperation(db, this.#operation.id)).cancelRequested,
    );
  }

  #context(output: Readonly<Record<string, unknown>> = {}): StepContext<never> {
    const { catalog, failpoint } = this.#options;
    const { id, kind } = this.#operation;
    return {
      operation: this.#operation,
      input: this.#input as never,
      output: { ...this.#operation.output, ...output },
      actor: this.#actor,
      signal: this.#lease.signal,
      catalog,
      commit: (fn) => this.#lease.commit(fn),
      willMake: ({ cell, kind: what, name, database }) =>
        this.#lease.commit(async (tx) => {
          await tx.query(
            `insert into watertight_catalog.cleanup (operation, cell, kind, name, database) values ($1, $2, $3, $4, $5)
             on conflict (operation, cell, kind, database, name) do update set settled_at = null, settled_as = null`,
            [id, cell, what, name, database ?? ""],
          );
        }),
      progress: (data) => withConnection(catalog, (db) => writeOperationEvent(db, id, "progress", data)),
      failpoint: (name) => failpoint(`${kind}.${name}`),
    };
  }
}
