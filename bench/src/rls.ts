/**
 * npm run bench:rls: what row security costs the server, by the shape of the policy.
 */
import { callers, fullRows, tenantCount } from "./data/tables.ts";
import { prepareEnvironment } from "./environment/environment.ts";
import { parseOptions } from "./options.ts";
import { judgeRls, rlsPage } from "./report/rls-report.ts";
import { beginRun } from "./report/run.ts";
import { measureShapes } from "./rls/measure.ts";
import { openSessions } from "./rls/sessions.ts";
import { dropShapes, makeShapes } from "./rls/shapes.ts";

const options = parseOptions(process.argv.slice(2));
const run = beginRun(options);

const environment = await prepareEnvironment({ version: options.postgres });
const { admin } = environment.databases.plain;
try {
  await makeShapes(admin);
  run.say(`PostgreSQL ${environment.version} is up and loaded`);
  const sessions = await openSessions(environment, callers(1)[0]!);
  const budget = options.quick
    ? { rounds: 15, executions: 50, mistakeRounds: 2 }
    : { rounds: 61, executions: 100, mistakeRounds: 7 };
  const results = await measureShapes(sessions, budget, run.say);
  await Promise.all(sessions.map((session) => session.close()));
  const data = { rows: fullRows, tenants: tenantCount };
  run.end("rls", { postgres: environment.version, goals: judgeRls(results), body: { data, results } }, rlsPage);
} finally {
  await dropShapes(admin).catch(() => {});
  await environment.close();
}
