/**
 * What the matrix leaves out: a connection that changes its tenant at every call, and the ambient way in. Both are ratios to the same
 * unscoped query, all in turns.
 */
import { callers } from "../data/tables.ts";
import { pgAmbientTarget, pgTarget } from "../drivers/pg.ts";
import type { Endpoint, Target } from "../drivers/target.ts";
import { rawTransport } from "../transport/transport.ts";
import { closeLanes, type NamedLane, openLane, warmLanes } from "./lanes.ts";
import { type Run, takeTurns } from "./measure-group.ts";
import { digest, type Extra, ratioNoise, round3, undisturbed } from "./result.ts";

/** Measures the extras. */
export async function measureExtras(run: Run): Promise<Extra[]> {
  const { environment } = run;
  const request = { connections: 1, transport: rawTransport };
  const lanes: NamedLane[] = [];
  const questions: [name: string, what: string, make: (endpoint: Endpoint) => Target][] = [
    ["base", "unscoped", (endpoint) => pgTarget(environment, endpoint, "unscoped", true)],
    [
      "same tenant",
      "sealed, the connection's last tenant asks again",
      (endpoint) => pgTarget(environment, endpoint, "sealed", true),
    ],
    [
      "hand-over",
      "sealed, another tenant at every call",
      (endpoint) => alternating(pgTarget(environment, endpoint, "sealed", true), environment.rows),
    ],
    [
      "hand-over, plain",
      "plain, another tenant at every call",
      (endpoint) => alternating(pgTarget(environment, endpoint, "plain", true), environment.rows),
    ],
    ["ambient", "sealed, tenancy.run() around pool.query()", (endpoint) => pgAmbientTarget(environment, endpoint)],
  ];
  try {
    for (const [, , make] of questions) lanes.push(await openLane(environment, request, "sealed", make));
    await warmLanes(lanes, "point", run.watcher);
    const slices = (await takeTurns(lanes, "point", run.cellMs, { transport: "raw", connections: 1 })).map(undisturbed);
    const digests = slices.map(digest);
    return questions.slice(1).map(([name, what], i) => ({
      name,
      what,
      p50Us: digests[i + 1]!.p50Us,
      serverCpuUs: digests[i + 1]!.serverCpuUs,
      ratio: round3(digests[i + 1]!.p50Us / digests[0]!.p50Us),
      noise: ratioNoise(slices[i + 1]!, slices[0]!),
    }));
  } finally {
    await closeLanes(lanes);
  }
}

// Two tenants in turn on one connection: every call finds the other one's leftovers.
function alternating(target: Target, rows: number): Target {
  const pair = callers(2, rows);
  return { ...target, call: (name, _caller, n) => target.call(name, pair[n % 2]!, n) };
}
