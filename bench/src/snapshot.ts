/**
 * npm run bench:snapshot: how long it takes to read a catalog of 500 tables. A live audit has 2 s for reading and for all rules together.
 */
import { randomBytes } from "node:crypto";
import { createDatabase, startServer } from "@watertight/testkit";
import { describeMachine, describeVersions, loadNow } from "./environment/machine.ts";
import { parseOptions } from "./options.ts";
import { progress } from "./report/progress.ts";
import { snapshotMarkdown, type SnapshotReport, snapshotText } from "./report/snapshot-report.ts";
import { writeReport } from "./report/write.ts";
import { largeSchema } from "./snapshot/large-schema.ts";
import { measureReading } from "./snapshot/measure.ts";

const options = parseOptions(process.argv.slice(2));
const started = performance.now();
const say = progress();
const machine = describeMachine();
const size = { tables: 500, views: 100, functions: 200 };

const server = await startServer({ version: options.postgres });
try {
  const db = await createDatabase(server);
  const tag = randomBytes(4).toString("hex");
  await db.admin.query(`create role owner_${tag}; create role app_${tag}`);
  await db.admin.query(largeSchema(size, `owner_${tag}`, `app_${tag}`));
  const { rows } = await db.admin.query("show server_version");
  say(`PostgreSQL ${rows[0].server_version}: ${size.tables} tables made`);
  const result = await measureReading(db.adminUrl, options.quick ? 5 : 21);
  const report: SnapshotReport = {
    benchmark: "snapshot",
    mode: options.quick ? "quick" : "full",
    date: new Date().toISOString(),
    machine: { ...machine, load: { start: machine.load.start, end: loadNow() } },
    versions: describeVersions(rows[0].server_version),
    size,
    result,
    goals: [{ name: "reading, median", goal: "<= 700 ms", measured: result.medianMs, met: result.medianMs <= 700 }],
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
  if (options.out !== undefined) writeReport(options.out, report, snapshotMarkdown(report));
  console.log(options.json ? JSON.stringify(report) : snapshotText(report));
} finally {
  await server.stop();
}
