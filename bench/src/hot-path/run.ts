/**
 * A whole run of the hot-path benchmark: prepare, count, measure, judge.
 */
import type { TestServer } from "@watertight/testkit";
import { tenantCount } from "../data/tables.ts";
import { observer, prepareEnvironment } from "../environment/environment.ts";
import { describeMachine, describeVersions, loadNow } from "../environment/machine.ts";
import { delayHere, delayInProcess, rawTransport, roundTripUs } from "../transport/transport.ts";
import { countRoundTrips, type RoundTripTable } from "./count-round-trips.ts";
import { judgeGoals } from "./goals.ts";
import { measureExtras } from "./measure-extras.ts";
import { measureGroup } from "./measure-group.ts";
import { cellBudget, countCells, planGroups, type Selection, type Share, shareOf } from "./plan.ts";
import { type Report, type Result, waitedOnOthers } from "./result.ts";

/** What to run. */
export interface HotPathOptions extends Selection {
  readonly postgres: 15 | 18;
  /** Time for each variant of each case, milliseconds; default: the mode's own. */
  readonly cellMs?: number | undefined;
  /** A running server to use instead of one of its own; the delaying proxy then runs in this process. For tests. */
  readonly server?: TestServer;
  /** Rows of the big table; default about 190,000. */
  readonly rows?: number;
}

// The build and the server's end take some seconds of the 45 as well.
const quickEndMs = 36_000;
const fullCellMs = 1200;
const extraShare: Share = { cells: 5, connections: 5 };

/** Runs it; `say` hears about progress. */
export async function runHotPath(options: HotPathOptions, say: (text: string) => void): Promise<Report> {
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  const machine = describeMachine();
  const groups = planGroups(options);
  const environment = await prepareEnvironment({
    version: options.postgres,
    pglite: groups.some((group) => group.driver === "pglite"),
    ...(options.server === undefined ? {} : { server: options.server }),
    ...(options.rows === undefined ? {} : { rows: options.rows }),
  });
  const delayed = groups.some((group) => group.transport === "delay1ms");
  const delay = delayed
    ? await (options.server === undefined ? delayInProcess : delayHere)(environment.server)
    : undefined;
  try {
    say(`PostgreSQL ${environment.version} is up and loaded; ${countCells(groups)} combinations`);
    const transports = { raw: rawTransport, ...(delay === undefined ? {} : { delay1ms: delay }) };
    const roundTrip: Report["roundTripUs"] = { raw: await roundTripUs(rawTransport, environment.unscopedUrl, 200) };
    if (delay !== undefined) roundTrip.delay1ms = await roundTripUs(delay, environment.unscopedUrl, 100);
    const cellMs = (next: Share, later: readonly Share[]): number =>
      options.cellMs ?? (options.quick ? cellBudget(next, later, quickEndMs - elapsed()) : fullCellMs);
    const watcher = await observer(environment);
    const run = { environment, watcher, transports };
    const results: Result[] = [];
    const trips = new Map<string, RoundTripTable>();
    for (const [i, group] of groups.entries()) {
      const { driver } = group;
      if (!trips.has(driver)) trips.set(driver, await countRoundTrips(environment, driver, group.variants));
      const budget = cellMs(shareOf(group), [...groups.slice(i + 1).map(shareOf), extraShare]);
      results.push(...(await measureGroup({ ...run, cellMs: budget }, group, trips.get(driver)!)));
      say(`${driver}, ${group.transport}, ${group.connections} connections`);
    }
    // Last, because AsyncLocalStorage once used slows every promise of the process down.
    const extras = groups.some((group) => group.driver === "pg")
      ? await measureExtras({ ...run, cellMs: cellMs(extraShare, []) })
      : [];
    await watcher.end();
    return {
      benchmark: "hot-path",
      mode: options.quick ? "quick" : "full",
      date: new Date().toISOString(),
      machine: { ...machine, load: { start: machine.load.start, end: loadNow() } },
      versions: describeVersions(environment.version),
      data: { rows: environment.rows, tenants: tenantCount },
      roundTripUs: roundTrip,
      results,
      extras,
      goals: judgeGoals(results),
      waited: waitedOnOthers(results),
      seconds: Math.round(elapsed() / 100) / 10,
    };
  } finally {
    await delay?.close();
    await environment.close();
  }
}
