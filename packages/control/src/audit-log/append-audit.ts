/** Writes audit records, in the transaction of the change that they tell of: neither is ever there without the other. */
import type { Queryable } from "@watertight/schema";

/** Who acts: a person, a token's subject, or `worker:<id>`. */
export interface Actor {
  readonly name: string;
}

/** Appends one record. @returns its number */
export async function appendAudit(
  tx: Queryable,
  actor: Actor,
  action: string,
  subject: string,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<bigint> {
  const { rows } = await tx.query("select watertight_catalog.append_audit($1, $2, $3, $4) as seq", [
    actor.name,
    action,
    subject,
    JSON.stringify(detail),
  ]);
  return BigInt(rows[0]!["seq"] as string);
}

/** A record before it has its number. */
export interface AuditEntry {
  readonly action: string;
  readonly subject: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Appends several records of one actor, in order, at the cost of one look at the head. @returns the number of the last one */
export async function appendAudits(tx: Queryable, actor: Actor, entries: readonly AuditEntry[]): Promise<bigint> {
  const { rows } = await tx.query("select watertight_catalog.append_audits($1, $2) as seq", [
    actor.name,
    JSON.stringify(entries),
  ]);
  return BigInt(rows[0]!["seq"] as string);
}
