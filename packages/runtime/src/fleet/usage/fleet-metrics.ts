/**
 * A fleet's figures as Prometheus reads them (text format 0.0.4). Pure. A tenant is a label only where `perTenant` was asked for, and then of at most
 * `topK` tenants for each figure.
 */
import type { FleetStats, ServerStats } from "../stats.ts";
import type { UsageKind } from "./tenant-usage.ts";

type Type = "gauge" | "counter";

const servers: readonly (readonly [figure: keyof ServerStats, name: string, type: Type, help: string])[] = [
  ["budget", "budget", "gauge", "Connections that all instances may have together"],
  ["share", "share", "gauge", "Connections that this instance may have"],
  ["open", "open", "gauge", "Connections that count"],
  ["idle", "idle", "gauge", "Connections that nobody uses"],
  ["waiting", "waiting", "gauge", "Calls that wait for a connection"],
  ["granted", "granted_total", "counter", "Calls that got a connection"],
  ["opened", "opened_total", "counter", "Connections that were opened"],
  ["evicted", "evicted_total", "counter", "Connections that were closed for another database"],
  ["queueFull", "queue_full_total", "counter", "Calls refused because too many waited"],
  ["queueTimeout", "queue_timeout_total", "counter", "Calls refused because they waited too long"],
  ["unconfirmed", "unconfirmed_total", "counter", "Connections whose close was not confirmed in time"],
  ["hitRate", "hit_rate", "gauge", "Calls of the last half minute that found a connection"],
  ["suggestedBudget", "suggested_budget", "gauge", "Budget with which nine in ten calls would find a connection"],
];

// Gauges, though they grow: a tenant that falls out of the ranking and comes back may have another value.
const tenants: readonly (readonly [kind: UsageKind, name: string, help: string, scale: number])[] = [
  ["calls", "calls", "Statements of the tenants with most of them", 1],
  ["milliseconds", "seconds", "Time of statements, of the tenants with most of it", 1000],
  ["rows", "rows", "Rows read or written, of the tenants with most of them", 1],
  ["waitedMilliseconds", "waited_seconds", "Time waited for a connection, of the tenants with most of it", 1000],
];

/**
 * The text of a fleet's figures.
 * @example app.get("/metrics", (_, answer) => answer.type("text/plain; version=0.0.4").send(fleetMetrics(pool.stats())));
 */
export function fleetMetrics({ servers: all, perTenant }: FleetStats): string {
  const lines: string[] = [];
  for (const [figure, name, type, help] of servers) {
    lines.push(`# HELP watertight_fleet_${name} ${help}`, `# TYPE watertight_fleet_${name} ${type}`);
    for (const server of all)
      lines.push(`watertight_fleet_${name}{server="${label(server.server)}"} ${Number(server[figure])}`);
  }
  if (perTenant)
    for (const [kind, name, help, scale] of tenants) {
      const { top, total, errorAtMost } = perTenant[kind];
      const full = `watertight_tenant_${name}`;
      lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} gauge`);
      for (const { key, value } of top) lines.push(`${full}{tenant="${label(key)}"} ${value / scale}`);
      lines.push(
        `# HELP ${full}_all The same, of all tenants`,
        `# TYPE ${full}_all gauge`,
        `${full}_all ${total / scale}`,
      );
      lines.push(
        `# HELP ${full}_error By how much a tenant's value may be too large`,
        `# TYPE ${full}_error gauge`,
        `${full}_error ${errorAtMost / scale}`,
      );
    }
  return `${lines.join("\n")}\n`;
}

function label(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
