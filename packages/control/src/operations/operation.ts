/** The words of the operations engine: what an operation is, and what its steps promise. No I/O here. */
import type { Queryable } from "@watertight/schema";
import type { Actor, AuditEntry } from "../audit-log/append-audit.ts";
import type { CatalogPool } from "../db/transaction.ts";

/** Where an operation stands. `waiting`: it is tried again later; `waiting_approval`: a second person must agree. */
export type OperationState =
  | "pending"
  | "running"
  | "waiting"
  | "waiting_approval"
  | "succeeded"
  | "failed"
  | "cancelled";

/** A durable workflow, as the catalog holds it. */
export interface Operation {
  readonly id: string;
  readonly kind: string;
  /** What it works on, for example `tenant:7a0e…`; two operations never work on one subject at a time. */
  readonly subject: string;
  readonly state: OperationState;
  /** `back` while it undoes what it did. */
  readonly direction: "forward" | "back";
  readonly input: Readonly<Record<string, unknown>>;
  /** What the steps said, merged. Never holds a secret. */
  readonly output: Readonly<Record<string, unknown>>;
  readonly error: OperationFailure | null;
  readonly requestedBy: string;
  readonly approvedBy: string | null;
  readonly cancelRequested: boolean;
  readonly attempts: number;
  /** Leases in a row whose worker died on it without ending a step. */
  readonly crashes: number;
  readonly leaseOwner: string | null;
  /** Fencing token of the newest lease. */
  readonly leaseToken: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Why a person gave it up, if one did; what it left is listed by `listOrphans`. */
  readonly abandonedReason: string | null;
}

/** Why an operation failed, as it is stored and shown. */
export interface OperationFailure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly step?: string;
}

/** One step, as the catalog holds it. */
export interface OperationStep {
  readonly position: number;
  readonly name: string;
  readonly state: "running" | "done" | "undone" | "failed";
  readonly attempts: number;
  readonly output: Readonly<Record<string, unknown>>;
  readonly error: OperationFailure | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

/** What an operation is about to make outside of the catalog. */
export interface CleanupRecord {
  /** Id of the cell. */
  readonly cell: string;
  readonly kind: "database" | "schema" | "role" | "fence" | "hba";
  readonly name: string;
  /** Database that it is in; empty for what belongs to the whole server. */
  readonly database?: string;
}

/** What a step is given. */
export interface StepContext<I> {
  readonly operation: Operation;
  readonly input: I;
  /** What earlier steps said. */
  readonly output: Readonly<Record<string, unknown>>;
  /** `worker:<id>` for audit records. */
  readonly actor: Actor;
  /** Aborted when the lease is lost, the worker stops, or the step's time is over; every wait of a step ends with it. */
  readonly signal: AbortSignal;
  /** The same for all steps of this run: what they share is kept under it (run-end.ts). */
  readonly run: object;
  readonly catalog: CatalogPool;
  /**
   * One transaction on the catalog that only happens while this worker holds the lease.
   * @throws ControlError WT_OPERATION_LEASE_LOST
   */
  commit<T>(fn: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Makes sure that the lease is still held, and writes down what was noted. @throws ControlError WT_OPERATION_LEASE_LOST */
  confirm(): Promise<void>;
  /** Writes down, durably, what is about to be made. Call it before making it. */
  willMake(...records: readonly CleanupRecord[]): Promise<void>;
  /** An audit record that may wait for the next transaction under this lease: for what changes nothing. Lost when the worker dies before. */
  note(entry: AuditEntry): void;
  /** Tells whoever watches. */
  progress(data: Readonly<Record<string, unknown>>): Promise<void>;
  /** A place where tests kill the process. */
  failpoint(name: string): void;
}

/**
 * One step: observe, act, verify. It must be idempotent: a worker may be killed anywhere, and the next one begins the step again.
 */
export interface Step<I> {
  readonly name: string;
  /** What must hold before it acts. Throws when it does not. */
  before?(context: StepContext<I>): Promise<void>;
  /**
   * Whether the world is as this step leaves it. Asked before it acts (then nothing is done) and afterwards (it must be so). A step whose `act`
   * answers something that others need answers the same here in place of `true`: a worker may die between the act and its record.
   */
  observe(context: StepContext<I>): Promise<boolean | Readonly<Record<string, unknown>>>;
  /** Makes it so. What it returns goes into the operation's output. */
  act(context: StepContext<I>): Promise<Readonly<Record<string, unknown>> | void>;
  /** Takes it back; idempotent, also where the step was begun and not finished. A step without undo leaves nothing behind. */
  undo?(context: StepContext<I>): Promise<void>;
  /** From here on the operation can only be finished. */
  readonly pointOfNoReturn?: boolean;
  /** How long it may take, acting or undoing, in milliseconds; default 10 minutes. A step that hangs would keep its lease for ever. */
  readonly limitMs?: number;
}

/** A kind of operation. */
export interface OperationKind<I = Readonly<Record<string, unknown>>> {
  readonly kind: string;
  /** Reads an input, whoever sent it. @throws ControlError WT_CATALOG_INPUT */
  parse(input: Readonly<Record<string, unknown>>): I;
  /** What it works on. */
  subject(input: I): string;
  /** A second person must agree before it begins. */
  readonly fourEyes?: boolean;
  steps(input: I): readonly Step<I>[];
}
