/**
 * Delivers the outbox: at least once, each delivery tried for a day, several processes at a time without doubling. Must never send a secret,
 * nor follow a redirect, nor wait longer than its limit for a receiver.
 */
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { newId } from "../catalog/ids.ts";
import { refused } from "../catalog/refused.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { type MaySpeakTo, noMetadata, post } from "./post.ts";
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
  const address = URL.canParse(webhook.url) ? new URL(webhook.url) : undefined;
  if (address === undefined || address.username !== "" || address.password !== "")
    throw controlError("WT_CATALOG_INPUT", {
      detail: "a webhook's url is an address, without a user or a password in it",
    });
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
  /** Deliveries at a time; default 20, a quarter of them to one receiver. */
  readonly most?: number;
  /** Addresses that may be spoken to; default: all but link-local ones, where clouds keep a machine's credentials. */
  readonly may?: MaySpeakTo;
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

// A receiver that is slow has a share of each round and no more: the others do not wait behind it.
/** Claims by moving the next try into the future: whoever dies while sending leaves it due again a minute later. */
async function claim(db: Queryable, most: number): Promise<Due[]> {
  const { rows } = await db.query(
    `with due as (
       select d.event, d.webhook from watertight_catalog.webhook w cross join lateral (
         select each.event, each.webhook, each.next_at from watertight_catalog.delivery each
          where each.webhook = w.id and each.delivered_at is null and not each.given_up and each.next_at <= clock_timestamp()
          order by each.next_at, each.event limit greatest(1, $1 / 4) for update skip locked) d
        where w.active order by d.next_at limit $1
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

async function send(due: Due, { secrets, signal, timeoutMs = 5000, may = noMetadata }: DeliverOptions): Promise<void> {
  const body = JSON.stringify({ type: due.type, timestamp: due.at.toISOString(), tenant: due.tenant, data: due.data });
  const headers = {
    ...signWebhook(await secrets.read(due.secret), `evt_${due.event}`, body),
    "content-type": "application/json",
  };
  const limit = AbortSignal.timeout(timeoutMs);
  const status = await post(
    due.url,
    headers,
    body,
    signal === undefined ? limit : AbortSignal.any([limit, signal]),
    may,
  );
  if (status < 200 || status > 299) throw new Error(`HTTP ${status}`);
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
