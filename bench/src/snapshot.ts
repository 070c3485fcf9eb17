/**
 * npm run bench:snapshot: how long it takes to read a catalog of 500 tables. A live audit has 2 s for reading and for all rules together.
 */
import { parseOptions } from "./options.ts";
import { beginRun } from "./report/run.ts";
import { snapshotPage } from "./report/snapshot-report.ts";
import { largeSize, withLargeDatabase } from "./snapshot/large-database.ts";
import { measureReading } from "./snapshot/measure.ts";

const options = parseOptions(process.argv.slice(2));
const run = beginRun(options);

await withLargeDatabase(options.postgres, async (url, postgres) => {
  run.say(`PostgreSQL ${postgres}: ${largeSize.tables} tables made`);
  const result = await measureReading(url, options.quick ? 5 : 21);
  const goals = [
    { name: "reading, median", goal: "<= 700 ms", measured: result.medianMs, met: result.medianMs <= 700 },
  ];
  run.end("snapshot", { postgres, goals, body: { size: largeSize, result } }, snapshotPage);
});
