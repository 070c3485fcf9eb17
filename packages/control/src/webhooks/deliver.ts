/**
 * Delivers the outbox: at least once, each delivery tried for a day, several processes at a time without doubling. Must never send a secret,
 * nor follow a redirect, nor wait longer than its limit for a receiver.
 */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { newId } from "../catalog/ids.ts";
import { refused } from "../catalog/refused.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { signWebhook } from "./signature.ts";

/** A receiver of events. */
export interface NewWebhook {
  readonly url: string;
  /** Reference to the signing secret. */
  readonly secret: string;
  /** Types of events that it gets; default: all. */
  readonly events?: readonly string[];
  /** Default `main`. */
  readonly service?: string;
}

/** Adds a receiver. @returns its id. @throws ControlError WT_CATALOG_INPUT, WT_CATALOG_NOT_FOUND */
export async function addWebhook(pool: CatalogPool, actor: Actor, webhook: NewWebhook): Promise<string> {
  const id = newId("wh");
  await inTransaction(pool, async (tx) => {
    await tx
      .query("insert into watertight_catalog.webhook (id, service, url, secret, events) values ($1, $2, $3, $4, $5)", [
        id,
        webhook.service ?? "main",
        webhook.url,
        webhook.secret,
        webhook.events ?? [],
      ])
      .catch((error: unknown) => {
        throw refused(error, "webhook");
      });
    await appendAudit(tx, actor, "webhook.added", `webhook:${id}`, { url: webhook.url, events: webhook.events ?? [] });
  });
  return id;
}

/** How deliveries are made. */
export interface DeliverOptions {
  readonly secrets: Pick<Secrets, "read">;
  readonly signal?: AbortSignal;
  /** Limit for one receiver, in milliseconds; default 5,000. */
  readonly timeoutMs?: number;
  /** Deliveries at a time; default 20. */
  readonly most?: number;
}

interface Due {
  readonly event: string;
  readonly webhook: string;
  readonly attempts: number;
  readonly url: string;
  readonly secret: string;
  readonly type: string;
  readonly tenant: string | null;
  readonly data: unknown;
  readonly at: Date;
}

/** Delivers what is due, once. @returns how many were delivered, and how many are tried again later */
export async function deliverDue(
  pool: CatalogPool,
  options: DeliverOptions,
): Promise<{ readonly delivered: number; readonly failed: number }> {
  const due = await withConnection(pool, (db) => claim(db, options.most ?? 20));
  const results = await Promise.all(due.map((one) => deliver(pool, one, options)));
  return { delivered: results.filter(Boolean).length, failed: results.filter((each) => !each).length };
}

/** Claims by moving the next try into the future: whoever dies while sending leaves it due again a minute later. */
async function claim(db: Queryable, most: number): Promise<Due[]> {
  const { rows } = await db.query(
    `with due as (
       select d.event, d.webhook from watertight_catalog.delivery d
        where d.delivered_at is null and not d.given_up and d.next_at <= clock_timestamp()
        order by d.next_at limit $1 for update skip locked
     ), claimed as (
       update watertight_catalog.delivery d set attempts = d.attempts + 1, next_at = clock_timestamp() + interval '1 minute'
         from due where (d.event, d.webhook) = (due.event, due.webhook) returning d.event, d.webhook, d.attempts
     )
     select c.event::text, c.webhook, c.attempts, w.url, w.secret, o.type, o.tenant, o.data, o.written_at as at
       from claimed c join watertight_catalog.webhook w on w.id = c.webhook join watertight_catalog.outbox o on o.id = c.event order by c.event`,
    [most],
  );
  return rows as Due[];
}

async function deliver(pool: CatalogPool, due: Due, options: DeliverOptions): Promise<boolean> {
  const why = await send(due, options).then(
    () => undefined,
    (error: unknown) => describe(error),
  );
  await withConnection(pool, (db) =>
    why === undefined
      ? db.query(
          "update watertight_catalog.delivery set delivered_at = clock_timestamp(), last_error = null where event = $1 and webhook = $2",
          [due.event, due.webhook],
        )
      : // 1 s, doubled, at most an hour: 30 tries are a good day
        db.query(
          `update watertight_catalog.delivery set last_error = $3, given_up = attempts >= 30,
             next_at = clock_timestamp() + least(3600, power(2, least(attempts, 20) - 1)) * interval '1 s' where event = $1 and webhook = $2`,
          [due.event, due.webhook, why],
        ),
  );
  return why === undefined;
}

async function send(due: Due, { secrets, signal, timeoutMs = 5000 }: DeliverOptions): Promise<void> {
  const body = JSON.stringify({ type: due.type, timestamp: due.at.toISOString(), tenant: due.tenant, data: due.data });
  const headers = {
    ...signWebhook(await secrets.read(due.secret), `evt_${due.event}`, body),
    "content-type": "application/json",
  };
  const limit = AbortSignal.timeout(timeoutMs);
  const response = await fetch(due.url, {
    method: "POST",
    headers,
    body,
    redirect: "manual",
    signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
}

function describe(error: unknown): string {
  const { name, message, cause, code } = error as {
    name?: string;
    message?: string;
    cause?: { code?: string };
    code?: string;
  };
  if (name === "TimeoutError") return "no answer in time";
  return (cause?.code ?? code ?? message ?? String(error)).slice(0, 200);
}
