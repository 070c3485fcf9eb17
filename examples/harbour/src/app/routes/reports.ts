// Reports, dashboard, exports, jobs. Two endpoints are deliberately bad: /reports/custom runs a whole statement of the caller's (the worst
// injection there is), and /reports/backlog hands its work to a loop and forgets to say for whom.
import { tenancy } from "@watertight/runtime";
import { Hono } from "hono";
import { note } from "../activity.ts";
import type { Fields, Parts } from "../parts.ts";
import { RequestError } from "../problem.ts";
import { integer, readBody, text, uuid } from "../request.ts";
import type { Runner } from "../runner.ts";

const CACHE_LIFE = 30_000;

export function reportRoutes(parts: Parts, runner: Runner): Hono {
  const { query } = parts;
  const app = new Hono();
  app.get("/events", async (c) => {
    const quarter = c.req.query("quarter") ?? "2026_q1";
    const match = /^(2026)_q([1-4])$/.exec(quarter);
    if (match === null) throw new RequestError("unknown quarter");
    const from = `${match[1]!}-${String(Number(match[2]) * 3 - 2).padStart(2, "0")}-01`;
    return c.json({
      events: await query.events(
        `select kind, subject, created_at from ${parts.eventsOf(quarter)} where created_at >= $1::date and created_at < $1::date + interval '3 months' order by created_at desc limit 100`,
        [from],
      ),
    });
  });
  app.get("/revenue", async (c) =>
    c.json({
      months: await query.revenue(
        `select r.month::text, r.invoices, r.total_cents, r.first_customer from ${parts.revenueRelation} r order by 1, 4 limit 600`,
      ),
    }),
  );
  app.get("/recent-comments", async (c) =>
    c.json({
      comments: await query.savedReport("select body, created_at from comments order by created_at desc limit 25"),
    }),
  );
  app.post("/custom", async (c) => {
    const { sql } = await readBody(c.req);
    return c.json({ rows: await query.customReport(text(sql)) });
  });
  app.get("/backlog", async (c) =>
    c.json({
      jobs: await runner.ask(() =>
        query.background("select kind, state, result from jobs order by created_at desc limit 5000"),
      ),
    }),
  );
  return app;
}

export function dashboardRoutes(parts: Parts): Hono {
  const app = new Hono();
  const cache = new Map<string, { until: number; value: Fields }>();
  app.get("/", async (c) => {
    const latest = integer(c.req.query("latest") ?? "5", 1, 20);
    const key = parts.cacheKey(`dashboard-${latest}`, tenancy.require());
    const found = cache.get(key);
    const hit = found !== undefined && found.until > Date.now();
    note({ kind: "cache", hit, entries: cache.size });
    if (hit) return c.json(found.value);
    const invoices = await parts.query.dashboard(
      `select i.number, i.total_cents, c.name as customer from invoices i join customers c on c.id = i.customer_id
        order by i.created_at desc limit $1`,
      [latest],
    );
    const value = { invoices };
    cache.set(key, { until: Date.now() + CACHE_LIFE, value });
    return c.json(value);
  });
  return app;
}

export function exportRoutes(parts: Parts): Hono {
  const app = new Hono();
  app.get("/invoices.csv", async (c) =>
    c.body(
      csv(
        await parts.query.exportInvoices(
          `select i.number, i.status, i.total_cents, i.memo, c.name as customer from invoices i join customers c on c.id = i.customer_id
        order by i.created_at`,
        ),
      ),
      200,
      { "content-type": "text/csv" },
    ),
  );
  app.get("/sites.csv", async (c) =>
    c.body(
      csv(await parts.query.exportSites("select label, street, city, access_notes from sites order by created_at")),
      200,
      { "content-type": "text/csv" },
    ),
  );
  return app;
}

/** RFC 4180. */
function csv(rows: readonly Fields[]): string {
  const field = (value: string | number | null): string => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const header = rows.length > 0 ? Object.keys(rows[0]!).map(field).join(",") : "";
  return [header, ...rows.map((row) => (Object.values(row) as (string | number | null)[]).map(field).join(","))].join(
    "\r\n",
  );
}

export function jobRoutes(parts: Parts, runner: Runner): Hono {
  const { query } = parts;
  const app = new Hono();
  app.get("/:id", async (c) => {
    const id = uuid(c.req.param("id"));
    const [job] = await query.jobs("select id, kind, state, result from jobs where id = $1", [id]);
    return c.json(job ?? (await parts.notFound("jobs", { id })));
  });
  app.post("/reminders", async (c) => {
    const invoiceId = uuid((await readBody(c.req))["invoice_id"]);
    const tenant = tenancy.require();
    const [job] = await query.jobs("insert into jobs (kind, payload) values ('reminder', $1) returning id", [
      JSON.stringify({ invoiceId }),
    ]);
    // the tenant travels in the job; nothing ambient survives the queue
    await runner.ask(() => parts.inJob(tenant, () => remind(parts, String(job!["id"]), invoiceId)));
    return c.json(job!, 202);
  });
  return app;
}

async function remind(parts: Parts, jobId: string, invoiceId: string): Promise<void> {
  const [invoice] = await parts.query.worker(
    "select i.number, i.total_cents, c.name as customer from invoices i join customers c on c.id = i.customer_id where i.id = $1",
    [invoiceId],
  );
  const state = invoice === undefined ? "failed" : "done";
  const result =
    invoice === undefined
      ? "no such invoice"
      : `reminded ${String(invoice["customer"])} of invoice ${String(invoice["number"])}`;
  await parts.query.worker("update jobs set state = $2, result = $3 where id = $1", [jobId, state, result]);
  if (invoice === undefined) {
    await parts.notFound("invoices", { id: invoiceId }).catch((error: unknown) => {
      note({ kind: "refused", error });
    });
  }
}
