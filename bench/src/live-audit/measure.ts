/**
 * Audits a live database again and again, each time on a new connection. The first round is told by itself: a command audits once, with the parser
 * still to be loaded and no code compiled.
 */
import { checkLive, resolveOptions } from "@watertight/audit";
import pg from "pg";
import { quantile } from "../measure/quantile.ts";
import { cpuReader } from "../measure/server-cpu.ts";

/** What auditing took. */
export interface AuditResult {
  readonly rounds: number;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly slowestMs: number;
  /**
   * CPU time of our main thread and of the server's process together: they take turns, so on a machine of one's own it is what the clock shows. Null where
   * the system does not tell.
   */
  readonly firstCpuMs: number | null;
  readonly medianCpuMs: number | null;
  readonly findings: number;
  /** Medians of the parts. */
  readonly parts: readonly { readonly part: string; readonly firstMs: number; readonly medianMs: number }[];
}

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value));

/** Measures `rounds` times after the first. */
export async function measureAudit(url: string, rounds: number): Promise<AuditResult> {
  const wall: number[] = [];
  const busy: (number | null)[] = [];
  const parts = new Map<string, number[]>();
  let findings = 0;
  for (let round = 0; round <= rounds; round++) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      const both = [process.pid, rows[0]!.pid];
      const cpu = cpuReader(both);
      const before = { cpu: cpu(both), clock: performance.now() };
      const { report } = await checkLive({
        db: client,
        root: "/nowhere",
        resolved: resolveOptions({}),
        configFile: null,
      });
      wall.push(performance.now() - before.clock);
      const after = cpu(both);
      busy.push(before.cpu === null || after === null ? null : (after - before.cpu) / 1000);
      findings = report.findings.length;
      for (const [part, ms] of Object.entries(report.timing)) parts.set(part, [...(parts.get(part) ?? []), ms]);
    } finally {
      await client.end();
    }
  }
  const later = wall.slice(1);
  return {
    rounds,
    firstMs: Math.round(wall[0] ?? 0),
    medianMs: Math.round(quantile(later, 0.5)),
    slowestMs: Math.round(Math.max(...later)),
    firstCpuMs: rounded(busy[0] ?? null),
    medianCpuMs: busy.includes(null) ? null : Math.round(quantile(busy.slice(1) as number[], 0.5)),
    findings,
    parts: [...parts].map(([part, all]) => ({
      part,
      firstMs: all[0] ?? 0,
      medianMs: Math.round(quantile(all.slice(1), 0.5)),
    })),
  };
}
