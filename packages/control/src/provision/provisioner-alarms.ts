/**
 * Looks for the provisioner's role at work outside of an operation: its sessions carry the id of theirs, so one without a live operation or
 * migration is somebody with its password. What a look between two sessions misses, only the server's own log has (`log_connections`). Must never end a
 * session: that is a person's decision.
 */
import pg from "pg";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { getCell } from "../catalog/cells.ts";
import { writeEvent } from "../catalog/outbox.ts";
import { cellUrl } from "../cells/cell-url.ts";
import { loggedStatement } from "../cells/statement-log.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Secrets } from "../secrets/secrets.ts";

/** A session that no operation explains. */
export interface ProvisionerAlarm {
  readonly cell: string;
  readonly pid: number;
  readonly database: string;
  readonly applicationName: string;
  readonly client: string | null;
  readonly since: Date;
  /** Its newest statement, without secrets. */
  readonly statement: string;
}

const ownName = "watertight alarm";

/**
 * Looks once. Each session found is written to the audit log, and told as the event `provisioner.outside_operation`, one time.
 * @example for (const alarm of await provisionerAlarms(pool, actor, secrets, "eu-1")) page(alarm);
 * @throws ControlError WT_CELL_UNREACHABLE
 */
export async function provisionerAlarms(
  pool: CatalogPool,
  actor: Actor,
  secrets: Secrets,
  cell: string,
): Promise<ProvisionerAlarm[]> {
  const { adminSecret } = await withConnection(pool, (db) => getCell(db, cell));
  const sessions = await readSessions(cellUrl(await secrets.read(adminSecret), undefined), cell);
  return inTransaction(pool, async (tx) => {
    const { rows } = await tx.query(
      `select id from watertight_catalog.operation where state = 'running' and lease_until is not null
       union all select id from watertight_catalog.migration_session where ended_at is null and alive_until > clock_timestamp()`,
    );
    const live = new Set(rows.map((row) => row["id"] as string));
    const alarms = sessions.filter(
      ({ applicationName }) =>
        !live.has(/^watertight (?:smoke |migrations )?((?:op|mig)_\w+)/.exec(applicationName)?.[1] ?? ""),
    );
    // one tells at a time: two that look in the same moment would not see each other's record
    if (alarms.length > 0)
      await tx.query("select 1 from watertight_catalog.cell where id = $1 for no key update", [cell]);
    for (const { since, ...alarm } of alarms) {
      const subject = `provisioner:${cell}:${alarm.pid}:${since.toISOString()}`;
      const { rows: told } = await tx.query("select 1 from watertight_catalog.audit_log where subject = $1 limit 1", [
        subject,
      ]);
      if (told.length > 0) continue;
      await appendAudit(tx, actor, "provisioner.outside_operation", subject, { ...alarm });
      await writeEvent(tx, "provisioner.outside_operation", undefined, { ...alarm });
    }
    return alarms;
  });
}

async function readSessions(connectionString: string, cell: string): Promise<ProvisionerAlarm[]> {
  const client = new pg.Client({
    connectionString,
    application_name: ownName,
    connectionTimeoutMillis: 10_000,
    options: "-c statement_timeout=10000",
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<Omit<ProvisionerAlarm, "cell">>(
      `select a.pid, a.datname as database, a.application_name as "applicationName", host(a.client_addr) as client, a.backend_start as since, a.query as statement
         from pg_catalog.pg_stat_activity a where a.usename = current_user and a.pid <> pg_catalog.pg_backend_pid() and a.application_name <> $1 order by a.pid`,
      [ownName],
    );
    return rows.map((row) => ({ cell, ...row, statement: loggedStatement(row.statement) }));
  } catch (error) {
    throw controlError("WT_CELL_UNREACHABLE", { detail: `cell ${cell}: ${(error as Error).message}`, cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}
