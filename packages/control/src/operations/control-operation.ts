/** What a person may do with an operation: cancel, resume, retry, approve, abandon. Each is a change of its row; the worker does the rest. */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Operation, OperationKind } from "./operation.ts";
import { busyOr, getOperation, listSteps, operationColumns, writeOperationEvent } from "./operation-rows.ts";

async function change(
  pool: CatalogPool,
  actor: Actor,
  id: string,
  word: string,
  allowed: (operation: Operation) => string | undefined,
  set: string,
  values: readonly unknown[] = [],
  before: (tx: Queryable, operation: Operation) => Promise<unknown> = async () => {},
  detail: Readonly<Record<string, unknown>> = {},
): Promise<Operation> {
  return inTransaction(pool, async (tx: Queryable) => {
    await tx.query("select 1 from watertight_catalog.operation where id = $1 for update", [id]);
    const operation = await getOperation(tx, id);
    const why = allowed(operation);
    if (why !== undefined) throw controlError("WT_OPERATION_STATE", { detail: `${id} ${why}` });
    await before(tx, operation);
    const { rows } = await tx
      .query(`update watertight_catalog.operation o set ${set} where o.id = $1 returning ${operationColumns}`, [
        id,
        ...values,
      ])
      .catch((error: unknown) => {
        throw busyOr(error, operation.subject);
      });
    await appendAudit(tx, actor, `operation.${word}`, `operation:${id}`, { subject: operation.subject, ...detail });
    await writeOperationEvent(tx, id, word, { by: actor.name, ...detail });
    return rows[0] as Operation;
  });
}

const finished = ["succeeded", "failed", "cancelled"];

/**
 * Asks an operation to stop and undo what it did. One that has not begun is cancelled at once; a running one at the end of its present step.
 * @throws ControlError WT_OPERATION_STATE when it is finished, WT_OPERATION_PAST_RETURN when it can only be finished
 */
export async function cancelOperation(
  pool: CatalogPool,
  actor: Actor,
  id: string,
  kinds: ReadonlyMap<string, OperationKind<never>>,
): Promise<Operation> {
  const past = await withConnection(pool, async (db) => {
    const operation = await getOperation(db, id);
    const kind = kinds.get(operation.kind);
    if (kind === undefined) throw controlError("WT_OPERATION_KIND", { detail: operation.kind });
    const steps = kind.steps(kind.parse(operation.input));
    return (await listSteps(db, id)).some(({ position }) => steps[position]?.pointOfNoReturn === true);
  });
  // a step that turns in between is no harm: the worker looks again before each step, and past that point it goes on
  if (past) throw controlError("WT_OPERATION_PAST_RETURN", { detail: id });
  return change(
    pool,
    actor,
    id,
    "cancel_requested",
    ({ state }) => (finished.includes(state) ? `is ${state}` : undefined),
    // started_at: once a worker has had it, only a worker may end it, because there may be something to undo
    `cancel_requested = true, run_after = clock_timestamp(),
     state = case when o.started_at is null then 'cancelled' else o.state end,
     finished_at = case when o.started_at is null then clock_timestamp() end`,
  );
}

/** Goes on with an operation that failed and could not undo all, in the direction in which it stopped. */
export async function resumeOperation(pool: CatalogPool, actor: Actor, id: string): Promise<Operation> {
  return change(
    pool,
    actor,
    id,
    "resumed",
    ({ state }) => (state === "failed" || state === "waiting" ? undefined : `is ${state}`),
    // a person has looked: workers that died before are counted anew
    "state = 'pending', attempts = 0, crashes = 0, run_after = clock_timestamp(), lease_until = null, finished_at = null, unfinished = false, abandoned_at = null, abandoned_reason = null",
  );
}

/**
 * Begins a failed or cancelled operation again from its first step; what is there already is found there. One that waited for a second
 * person's word and never got it waits again, and so does one that somebody has cancelled: what was allowed then was taken back.
 */
export async function retryOperation(pool: CatalogPool, actor: Actor, id: string): Promise<Operation> {
  return change(
    pool,
    actor,
    id,
    "retried",
    ({ state }) => (state === "failed" || state === "cancelled" ? undefined : `is ${state}`),
    `state = case when o.four_eyes and (o.approved_by is null or o.cancel_requested or o.abandoned_at is not null) then 'waiting_approval' else 'pending' end,
     approved_by = case when o.cancel_requested or o.abandoned_at is not null then null else o.approved_by end, direction = 'forward', attempts = 0, crashes = 0,
     run_after = clock_timestamp(), lease_until = null, finished_at = null, error = null, cancel_requested = false, unfinished = false,
     abandoned_at = null, abandoned_reason = null`,
    [],
    // an undo may have stopped in the middle of a step that was done: it is looked at again, and undone again if need be
    async (tx, { direction }) =>
      direction === "back" &&
      tx.query(
        "update watertight_catalog.operation_step set state = 'failed' where operation = $1 and state = 'done'",
        [id],
      ),
  );
}

/**
 * The second person's word. Whoever asked for the operation cannot give it: the database refuses as well.
 * @throws ControlError WT_OPERATION_APPROVAL, WT_OPERATION_STATE
 */
export async function approveOperation(pool: CatalogPool, actor: Actor, id: string): Promise<Operation> {
  return change(
    pool,
    actor,
    id,
    "approved",
    ({ state, requestedBy }) => {
      if (state !== "waiting_approval") return `is ${state}`;
      if (requestedBy === actor.name)
        throw controlError("WT_OPERATION_APPROVAL", { detail: `${id} was asked for by ${actor.name}` });
      return undefined;
    },
    "state = 'pending', approved_by = $2, run_after = clock_timestamp()",
    [actor.name],
    async (tx, { requestedBy }) => {
      if (await oneHand(tx, requestedBy, actor.name))
        throw controlError("WT_OPERATION_APPROVAL", {
          detail: `one of ${requestedBy} and ${actor.name} made the other's token`,
        });
    },
  );
}

/** The longest reason. */
const longestReason = 500;

/**
 * Gives up an operation that failed in the middle and can neither be finished nor undone: its subject is free. What it may have left is not looked
 * after by anybody any more; `listOrphans` tells what that is.
 * @param reason for those who find it later; goes into the audit log
 * @throws ControlError WT_OPERATION_STATE when it is at work, or has left nothing half done; WT_CATALOG_INPUT without a reason
 */
export async function abandonOperation(
  pool: CatalogPool,
  actor: Actor,
  id: string,
  reason: string,
): Promise<Operation> {
  const why = reason.trim();
  if (why === "" || why.length > longestReason)
    throw controlError("WT_CATALOG_INPUT", { detail: `reason: 1 to ${longestReason} characters` });
  return change(
    pool,
    actor,
    id,
    "abandoned",
    ({ state }) => (state === "failed" ? undefined : `is ${state}`),
    "unfinished = false, abandoned_at = clock_timestamp(), abandoned_reason = $2",
    [why],
    async (tx) => {
      const { rows } = await tx.query("select unfinished from watertight_catalog.operation where id = $1", [id]);
      if (rows[0]!["unfinished"] !== true)
        throw controlError("WT_OPERATION_STATE", { detail: `${id} has left nothing half done` });
    },
    { reason: why },
  );
}

// Whoever makes a token has seen it: it is no second person, nor is a token that it has made in turn.
async function oneHand(tx: Queryable, one: string, other: string): Promise<boolean> {
  const { rows } = await tx.query(
    `with recursive hand(of, name) as (
       select $1::text, $1::text union select $2::text, $2::text
       union select h.of, t.created_by from hand h join watertight_catalog.api_token t on 'token:' || t.name = h.name
     ) select 1 from hand where (of, name) in (($1, $2), ($2, $1))`,
    [one, other],
  );
  return rows.length > 0;
}
