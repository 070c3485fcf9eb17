/**
 * npm run bench:live-audit: how long `watertight check --db` takes on a database of 500 tables, in fresh processes, from nothing loaded to the
 * report.
 */
import { measureAudit } from "./live-audit/measure.ts";
import { parseOptions } from "./options.ts";
import { judgeAudit, liveAuditPage } from "./report/live-audit-report.ts";
import { beginRun } from "./report/run.ts";
import { largeSize, withLargeDatabase } from "./snapshot/large-database.ts";

const options = parseOptions(process.argv.slice(2));
const run = beginRun(options);

await withLargeDatabase(options.postgres, async (url, postgres) => {
  run.say(`PostgreSQL ${postgres}: ${largeSize.tables} tables made`);
  const result = measureAudit(url, options.quick ? 2 : 9, options.quick ? 1 : 3);
  run.end("live-audit", { postgres, goals: judgeAudit(result), body: { size: largeSize, result } }, liveAuditPage);
});
