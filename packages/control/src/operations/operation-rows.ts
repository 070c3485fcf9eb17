/** Operations as rows: begun, read, listed. What happens to a running one is run-operation.ts and control-operation.ts. */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { newId } from "../catalog/ids.ts";
import { refused } from "../catalog/refused.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { type ControlError, controlError } from "../errors/control-error.ts";
import type { CleanupRecord, Operation, OperationKind, OperationState, OperationStep } from "./operation.ts";

/** Columns of an operation, over the alias `o`. */
export const operationColumns = `o.id, o.kind, o.subject, o.state, o.direction, o.input, o.output, o.error, o.requested_by as "requestedBy", o.approved_by as "approvedBy",
  o.cancel_requested as "cancelRequested", o.attempts, o.crashes, o.lease_owner as "leaseOwner", o.lease_token::text as "leaseToken", o.created_at as "createdAt",
  o.started_at as "startedAt", o.finished_at as "finishedAt", o.abandoned_reason as "abandonedReason"`;

/**
 * Writes an operation down, in the caller's transaction: with the rows that it is about, or not at all. Delivery is the dispatcher's.
 * @throws ControlError WT_OPERATION_BUSY when another one is at work on the subject, WT_CATALOG_INPUT
 */
export async function beginOperation<I>(
  tx: Queryable,
  actor: Actor,
  kind: OperationKind<I>,
  input: Readonly<Record<string, unknown>>,
): Promise<Operation> {
  const parsed = kind.parse(input);
  const subject = kind.subject(parsed);
  const id = newId("op");
  const { rows } = await tx
    .query(
      `insert into watertight_catalog.operation as o (id, kind, subject, state, input, requested_by, four_eyes) values ($1, $2, $3, $4, $5, $6, $7) returning ${operationColumns}`,
      [
        id,
        kind.kind,
        subject,
        kind.fourEyes === true ? "waiting_approval" : "pending",
        JSON.stringify(input),
        actor.name,
        kind.fourEyes === true,
      ],
    )
    .catch((error: unknown) => {
      throw busyOr(error, subject);
    });
  await appendAudit(tx, actor, "operation.requested", `operation:${id}`, { kind: kind.kind, subject });
  await writeOperationEvent(tx, id, kind.fourEyes === true ? "waiting_approval" : "requested", {
    kind: kind.kind,
    subject,
  });
  return rows[0] as Operation;
}

/** What the database said, as WT_OPERATION_BUSY where another operation has the subject, or as a refused input. */
export function busyOr(error: unknown, subject: string): ControlError {
  return (error as { constraint?: string }).constraint === "operation_subject"
    ? controlError("WT_OPERATION_BUSY", { detail: subject, cause: error })
    : refused(error, subject);
}

/** {@link beginOperation} in a transaction of its own. */
export async function requestOperation<I>(
  pool: CatalogPool,
  actor: Actor,
  kind: OperationKind<I>,
  input: Readonly<Record<string, unknown>>,
): Promise<Operation> {
  return inTransaction(pool, (tx) => beginOperation(tx, actor, kind, input));
}

/** Tells whoever watches an operation. */
export async function writeOperationEvent(
  tx: Queryable,
  id: string,
  kind: string,
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await tx.query("insert into watertight_catalog.operation_event (operation, kind, data) values ($1, $2, $3)", [
    id,
    kind,
    JSON.stringify(data),
  ]);
}

/** One operation. @throws ControlError WT_CATALOG_NOT_FOUND */
export async function getOperation(db: Queryable, id: string): Promise<Operation> {
  const { rows } = await db.query(`select ${operationColumns} from watertight_catalog.operation o where o.id = $1`, [
    id,
  ]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `operation ${id}` });
  return rows[0] as Operation;
}

/** Its steps so far, in order. */
export async function listSteps(db: Queryable, id: string): Promise<OperationStep[]> {
  const { rows } = await db.query(
    `select position, name, state, attempts, output, error, started_at as "startedAt", finished_at as "finishedAt"
       from watertight_catalog.operation_step where operation = $1 order by position`,
    [id],
  );
  return rows as OperationStep[];
}

/**
 * What an operation that has ended said that it would make, and nobody has seen removed or kept: what is left of one that failed in the middle or
 * was abandoned. Empty for one that is at work.
 */
export async function listOrphans(db: Queryable, id: string): Promise<CleanupRecord[]> {
  const { rows } = await db.query(
    `select c.cell, c.kind, c.name, c.database from watertight_catalog.cleanup c join watertight_catalog.operation o on o.id = c.operation
      where c.operation = $1 and c.settled_at is null and o.state in ('failed', 'cancelled') order by c.written_at, c.kind, c.name`,
    [id],
  );
  return rows as CleanupRecord[];
}

/** Which operations a list shows. */
export interface OperationFilter {
  readonly state?: OperationState;
  readonly subject?: string;
  readonly kind?: string;
  /** Id of the last operation of the page before. */
  readonly before?: string;
  /** Default 100, at most 1,000. */
  readonly limit?: number;
}

/** Operations, newest first. */
export async function listOperations(pool: CatalogPool, filter: OperationFilter = {}): Promise<Operation[]> {
  return withConnection(pool, async (db) => {
    // ids sort by the time of their making
    const { rows } = await db.query(
      `select ${operationColumns} from watertight_catalog.operation o
        where ($1::text is null or o.state = $1) and ($2::text is null or o.subject = $2) and ($3::text is null or o.kind = $3) and ($4::text is null or o.id < $4)
        order by o.id desc limit $5`,
      [
        filter.state ?? null,
        filter.subject ?? null,
        filter.kind ?? null,
        filter.before ?? null,
        Math.min(1000, filter.limit ?? 100),
      ],
    );
    return rows as Operation[];
  });
}

/** An event of an operation. */
export interface OperationEvent {
  readonly id: string;
  readonly at: Date;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What happened to an operation since an event. */
export async function listOperationEvents(db: Queryable, id: string, after: string = "0"): Promise<OperationEvent[]> {
  const { rows } = await db.query(
    "select e.id::text, e.at, e.kind, e.data from watertight_catalog.operation_event e where e.operation = $1 and e.id > $2 order by e.id limit 1000",
    [id, after],
  );
  return rows as OperationEvent[];
}
