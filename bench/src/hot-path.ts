/**
 * npm run bench:hot-path: what a scoped query costs over the same query without scoping.
 */
import { fullRows, tenantCount } from "./data/tables.ts";
import { observer, prepareEnvironment } from "./environment/environment.ts";
import { describeMachine, describeVersions, loadNow } from "./environment/machine.ts";
import { countRoundTrips, type RoundTripTable } from "./hot-path/count-round-trips.ts";
import { judgeGoals } from "./hot-path/goals.ts";
import { measureExtras } from "./hot-path/measure-extras.ts";
import { measureGroup } from "./hot-path/measure-group.ts";
import { countCells, planGroups } from "./hot-path/plan.ts";
import type { Report, Result } from "./hot-path/result.ts";
import { parseOptions } from "./options.ts";
import { hotPathMarkdown, hotPathText } from "./report/hot-path-report.ts";
import { writeReport } from "./report/write.ts";
import { delayTransport, rawTransport, roundTripUs } from "./transport/transport.ts";

const options = parseOptions(process.argv.slice(2));
const started = performance.now();
const machine = describeMachine();
const say = (text: string): void => void process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} s  ${text}\n`);

const groups = planGroups(options);
const cellMs = options.cellMs ?? (options.quick ? 60 : 1200);
const environment = await prepareEnvironment(options.postgres);
const delay = groups.some((group) => group.transport === "delay1ms") ? await delayTransport(environment.server) : undefined;
try {
  say(`PostgreSQL ${environment.version} is up and loaded; ${countCells(groups)} combinations`);
  const transports = { raw: rawTransport, ...(delay === undefined ? {} : { delay1ms: delay }) };
  const roundTrip: Report["roundTripUs"] = { raw: await roundTripUs(rawTransport, environment.unscopedUrl, 200) };
  if (delay !== undefined) roundTrip.delay1ms = await roundTripUs(delay, environment.unscopedUrl, 100);
  const watcher = await observer(environment);
  const results: Result[] = [];
  const trips = new Map<string, RoundTripTable>();
  for (const group of groups) {
    if (!trips.has(group.driver)) trips.set(group.driver, await countRoundTrips(environment, group.driver, group.variants));
    results.push(...(await measureGroup({ environment, watcher, transports, cellMs }, group, trips.get(group.driver)!)));
    say(`${group.driver}, ${group.transport}, ${group.connections} connections`);
  }
  // Last, because AsyncLocalStorage once used slows every promise of the process down.
  const wantsExtras = options.drivers?.includes("pg") ?? true;
  const extras = wantsExtras ? await measureExtras({ environment, watcher, transports, cellMs }) : [];
  await watcher.end();
  const report: Report = {
    benchmark: "hot-path",
    mode: options.quick ? "quick" : "full",
    date: new Date().toISOString(),
    machine: { ...machine, load: { start: machine.load.start, end: loadNow() } },
    versions: describeVersions(environment.version),
    data: { rows: fullRows, tenants: tenantCount },
    roundTripUs: roundTrip,
    results,
    extras,
    goals: judgeGoals(results),
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
  if (options.out !== undefined) writeReport(options.out, report, hotPathMarkdown(report));
  console.log(options.json ? JSON.stringify(report) : hotPathText(report));
} finally {
  await delay?.close();
  await environment.close();
}
