/**
 * Audits a live database again and again, each time on a new connection. The first round is told by itself: a command audits once, with the parser
 * still to be loaded and no code compiled.
 */
import { checkLive, resolveOptions } from "@watertight/audit";
import pg from "pg";
import { quantile } from "../measure/quantile.ts";

/** What auditing took. */
export interface AuditResult {
  readonly rounds: number;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly slowestMs: number;
  /** CPU time of this process, median. */
  readonly ownCpuMs: number;
  readonly findings: number;
  /** Medians of the parts. */
  readonly parts: readonly { readonly part: string; readonly firstMs: number; readonly medianMs: number }[];
}

/** Measures `rounds` times after the first. */
export async function measureAudit(url: string, rounds: number): Promise<AuditResult> {
  const wall: number[] = [];
  const own: number[] = [];
  const parts = new Map<string, number[]>();
  let findings = 0;
  for (let round = 0; round <= rounds; round++) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const before = { own: process.cpuUsage(), clock: performance.now() };
      const { report } = await checkLive({
        db: client,
        root: "/nowhere",
        resolved: resolveOptions({}),
        configFile: null,
      });
      wall.push(performance.now() - before.clock);
      const { user, system } = process.cpuUsage(before.own);
      own.push((user + system) / 1000);
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
    ownCpuMs: Math.round(quantile(own.slice(1), 0.5)),
    findings,
    parts: [...parts].map(([part, all]) => ({
      part,
      firstMs: all[0] ?? 0,
      medianMs: Math.round(quantile(all.slice(1), 0.5)),
    })),
  };
}
