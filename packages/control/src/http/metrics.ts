/** Metrics in Prometheus' form, read from the catalog when they are asked for. No tenant is a label. */
import { Gauge, Registry } from "prom-client";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import { timeToActive } from "../provision/time-to-active.ts";

/** The text of all metrics. */
export async function readMetrics(pool: CatalogPool): Promise<{ readonly type: string; readonly text: string }> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const tenants = gauge("watertight_tenants", "Tenants by state, model and cell", ["state", "model", "cell"]);
  const operations = gauge("watertight_operations", "Operations by kind and state", ["kind", "state"]);
  const duration = gauge(
    "watertight_operation_duration_seconds",
    "Duration of operations that ended in the last hour",
    ["kind", "result", "quantile"],
  );
  const active = gauge("watertight_time_to_active_seconds", "From the request to the active tenant, last hour", [
    "model",
    "quantile",
  ]);
  const outside = gauge(
    "watertight_provisioner_outside_operation",
    "Sessions of a provisioner that no operation explained, last hour",
    [],
  );
  const outbox = gauge("watertight_outbox_pending", "Deliveries of events that are not made yet", []);
  const reporting = gauge("watertight_reporting_logins", "Logins that may read across tenants at present", []);
  await withConnection(pool, async (db) => {
    const { rows: byState } = await db.query(
      `select t.state, coalesce(l.model, 'none') as model, coalesce(l.cell, 'none') as cell, count(*)::int as n
         from watertight_catalog.tenant t
         left join watertight_catalog.placement p on p.tenant = t.id and p.state = 'active'
         left join watertight_catalog.location l on l.id = p.location group by 1, 2, 3`,
    );
    for (const { state, model, cell, n } of byState) tenants.set({ state, model, cell }, n as number);
    const { rows: byKind } = await db.query(
      `select kind, state, count(*)::int as n from watertight_catalog.operation
        where state not in ('succeeded', 'failed', 'cancelled') or finished_at > now() - interval '1 hour' group by 1, 2`,
    );
    for (const { kind, state, n } of byKind) operations.set({ kind, state }, n as number);
    const { rows: durations } = await db.query(
      `select kind, state as result, q.quantile::text, percentile_cont(q.quantile) within group (order by extract(epoch from finished_at - created_at)) as seconds
         from watertight_catalog.operation, (values (0.5::float8), (0.95), (0.99)) q(quantile)
        where finished_at > now() - interval '1 hour' group by 1, 2, q.quantile`,
    );
    for (const { kind, result, quantile, seconds } of durations)
      duration.set({ kind, result, quantile }, Number(seconds));
    const { rows: pending } = await db.query(
      "select count(*)::int as n from watertight_catalog.delivery where delivered_at is null and not given_up",
    );
    const { rows: alarms } = await db.query(
      "select count(*)::int as n from watertight_catalog.outbox where type = 'provisioner.outside_operation' and written_at > now() - interval '1 hour'",
    );
    outside.set(alarms[0]!["n"] as number);
    outbox.set(pending[0]!["n"] as number);
    const { rows: open } = await db.query(
      "select count(*)::int as n from watertight_catalog.reporting where until > clock_timestamp()",
    );
    reporting.set(open[0]!["n"] as number);
  });
  for (const model of ["pool", "schema", "database", "silo"]) {
    const { medianMs, p95Ms } = await timeToActive(pool, { model });
    if (medianMs !== null) active.set({ model, quantile: "0.5" }, medianMs / 1000);
    if (p95Ms !== null) active.set({ model, quantile: "0.95" }, p95Ms / 1000);
  }
  return { type: registry.contentType, text: await registry.metrics() };
}
