/**
 * npm run bench:rls: what row security costs the server, by the shape of the policy.
 */
import { callers, fullRows, tenantCount } from "./data/tables.ts";
import { prepareEnvironment } from "./environment/environment.ts";
import { describeMachine, describeVersions, loadNow } from "./environment/machine.ts";
import { parseOptions } from "./options.ts";
import { judgeRls, rlsMarkdown, type RlsReport, rlsText } from "./report/rls-report.ts";
import { progress } from "./report/progress.ts";
import { writeReport } from "./report/write.ts";
import { measureShapes } from "./rls/measure.ts";
import { openSessions } from "./rls/sessions.ts";
import { dropShapes, makeShapes } from "./rls/shapes.ts";

const options = parseOptions(process.argv.slice(2));
const started = performance.now();
const machine = describeMachine();
const say = progress();

const environment = await prepareEnvironment({ version: options.postgres });
const { admin } = environment.databases.plain;
try {
  await makeShapes(admin);
  say(`PostgreSQL ${environment.version} is up and loaded`);
  const sessions = await openSessions(environment, callers(1)[0]!);
  const budget = options.quick
    ? { rounds: 15, executions: 50, mistakeRounds: 2 }
    : { rounds: 61, executions: 100, mistakeRounds: 7 };
  const results = await measureShapes(sessions, budget, say);
  await Promise.all(sessions.map((session) => session.close()));
  const report: RlsReport = {
    benchmark: "rls",
    mode: options.quick ? "quick" : "full",
    date: new Date().toISOString(),
    machine: { ...machine, load: { start: machine.load.start, end: loadNow() } },
    versions: describeVersions(environment.version),
    data: { rows: fullRows, tenants: tenantCount },
    results,
    goals: judgeRls(results),
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
  if (options.out !== undefined) writeReport(options.out, report, rlsMarkdown(report));
  console.log(options.json ? JSON.stringify(report) : rlsText(report));
} finally {
  await dropShapes(admin).catch(() => {});
  await environment.close();
}
