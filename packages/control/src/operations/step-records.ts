/**
 * What the catalog keeps of a step, each time in one statement that happens only under the lease: it was begun; it is done and the next one begun;
 * it was undone; what it is about to make. One statement is one transaction and one answer, and steps are many.
 */
import type { Queryable } from "@watertight/schema";
import type { Actor, AuditEntry } from "../audit-log/append-audit.ts";
import type { CleanupRecord } from "./operation.ts";

/** A step by its place in the operation. */
interface StepPlace {
  readonly position: number;
  readonly name: string;
}

/** What is recorded. */
export interface StepRecord {
  readonly operation: string;
  readonly token: string;
  readonly actor: Actor;
  readonly done?: StepPlace & { readonly output: Readonly<Record<string, unknown>> };
  readonly undone?: StepPlace;
  /** The step that begins now; not when somebody has asked for a cancel, unless it comes too late. */
  readonly next?: StepPlace & { readonly of: number; readonly evenIfCancelled: boolean; readonly noReturn: boolean };
  /** Audit records that waited for a transaction. */
  readonly notes: readonly AuditEntry[];
}

/** Records. @returns undefined when the lease is somebody else's; then nothing was written */
export async function recordStep(
  db: Queryable,
  { operation, token, actor, done, undone, next, notes }: StepRecord,
): Promise<{ readonly cancelled: boolean; readonly begun: boolean } | undefined> {
  const { rows } = await db.query(
    "select r.cancelled, r.begun from watertight_catalog.record_step($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) r",
    [
      operation,
      token,
      actor.name,
      notes.length === 0 ? null : JSON.stringify(notes),
      done?.position ?? null,
      done?.name ?? null,
      done === undefined ? null : JSON.stringify(done.output),
      undone?.position ?? null,
      undone?.name ?? null,
      next?.position ?? null,
      next?.name ?? null,
      next?.of ?? null,
      next?.evenIfCancelled ?? false,
      // who has read the audit log must not find it shorter after a crash
      notes.length > 0 || next?.noReturn === true,
    ],
  );
  const { cancelled, begun } = rows[0] as { cancelled: boolean | null; begun: boolean };
  return cancelled === null ? undefined : { cancelled, begun };
}

/** Writes down what is about to be made. @returns whether the lease was held; without it nothing was written */
export async function recordPromises(
  db: Queryable,
  { operation, token, actor, notes }: Pick<StepRecord, "operation" | "token" | "actor" | "notes">,
  records: readonly CleanupRecord[],
): Promise<boolean> {
  const { rows } = await db.query(
    `with held as (
       select 1 from watertight_catalog.operation where id = $1 and lease_token = $2 and state = 'running' for update),
     promised as (
       insert into watertight_catalog.cleanup (operation, cell, kind, name, database)
       select $1, r.cell, r.kind, r.name, coalesce(r.database, '') from held, pg_catalog.jsonb_to_recordset($3) r(cell text, kind text, name text, database text)
       on conflict (operation, cell, kind, database, name) do update set settled_at = null, settled_as = null)
     select case when $5::jsonb is null then null else watertight_catalog.append_audits($4, $5) end as seq from held`,
    [operation, token, JSON.stringify(records), actor.name, notes.length === 0 ? null : JSON.stringify(notes)],
  );
  return rows.length > 0;
}
