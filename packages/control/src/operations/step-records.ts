/**
 * What the catalog keeps of a step, each time in one statement that happens only under the lease: it was begun; it is done and the next one begun;
 * it was undone. One statement is one transaction and one answer, and steps are many.
 */
import type { Queryable } from "@watertight/schema";
import type { Actor, AuditEntry } from "../audit-log/append-audit.ts";

/** A step by its place in the operation. */
export interface StepPlace {
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
  readonly next?: StepPlace & { readonly of: number; readonly evenIfCancelled: boolean };
  /** Audit records that waited for a transaction. */
  readonly notes: readonly AuditEntry[];
}

const sql = `with held as (
    update watertight_catalog.operation o set output = o.output || $3, attempts = case when $4::int is null and $6::int is null then o.attempts else 0 end,
           crashes = case when $4::int is null and $6::int is null then o.crashes else 0 end
     where o.id = $1 and o.lease_token = $2 and o.state = 'running' returning o.cancel_requested as cancelled),
  done as (update watertight_catalog.operation_step s set state = 'done', output = $3, finished_at = clock_timestamp() from held where s.operation = $1 and s.position = $4),
  undone as (update watertight_catalog.operation_step s set state = 'undone', finished_at = clock_timestamp() from held where s.operation = $1 and s.position = $6),
  begun as (
    insert into watertight_catalog.operation_step as s (operation, position, name) select $1, $8, $9 from held where $8::int is not null and ($11 or not held.cancelled)
    on conflict (operation, position) do update set state = 'running', attempts = s.attempts + 1, error = null, finished_at = null returning 1),
  told as (
    insert into watertight_catalog.operation_event (operation, kind, data)
    select $1, e.kind, e.data from (
      select 1 as n, 'step_done' as kind, jsonb_build_object('step', $5::text, 'position', $4::int) as data from held where $4::int is not null
      union all select 2, 'step_undone', jsonb_build_object('step', $7::text, 'position', $6::int) from held where $6::int is not null
      union all select 3, 'step_started', jsonb_build_object('step', $9::text, 'of', $10::int, 'position', $8::int) from begun) e order by e.n)
  select held.cancelled, exists (select from begun) as begun, case when $13::jsonb is null then null else watertight_catalog.append_audits($12, $13) end as seq from held`;

/** Records. @returns undefined when the lease is somebody else's; then nothing was written */
export async function recordStep(
  db: Queryable,
  { operation, token, actor, done, undone, next, notes }: StepRecord,
): Promise<{ readonly cancelled: boolean; readonly begun: boolean } | undefined> {
  const { rows } = await db.query(sql, [
    operation,
    token,
    JSON.stringify(done?.output ?? {}),
    done?.position ?? null,
    done?.name ?? null,
    undone?.position ?? null,
    undone?.name ?? null,
    next?.position ?? null,
    next?.name ?? null,
    next?.of ?? null,
    next?.evenIfCancelled ?? false,
    actor.name,
    notes.length === 0 ? null : JSON.stringify(notes),
  ]);
  return rows[0] as { cancelled: boolean; begun: boolean } | undefined;
}
