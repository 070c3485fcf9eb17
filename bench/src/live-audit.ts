/**
 * npm run bench:live-audit: how long `watertight check --db` takes on a database of 500 tables, from the open connection to the report.
 */
import { randomBytes } from "node:crypto";
import { createDatabase, startServer } from "@watertight/testkit";
import { describeMachine, describeVersions, loadNow } from "./environment/machine.ts";
import { measureAudit } from "./live-audit/measure.ts";
import { parseOptions } from "./options.ts";
import { liveAuditMarkdown, type LiveAuditReport, liveAuditText } from "./report/live-audit-report.ts";
import { progress } from "./report/progress.ts";
import { writeReport } from "./report/write.ts";
import { largeSchema } from "./snapshot/large-schema.ts";

const options = parseOptions(process.argv.slice(2));
const started = performance.now();
const say = progress();
const machine = describeMachine();
const size = { tables: 500, views: 100, functions: 200 };

const server = await startServer({ version: options.postgres });
try {
  const db = await createDatabase(server);
  const tag = randomBytes(4).toString("hex");
  await db.admin.query(`create role owner_${tag}; create role app_${tag} login`);
  await db.admin.query(largeSchema(size, `owner_${tag}`, `app_${tag}`));
  const { rows } = await db.admin.query("show server_version");
  say(`PostgreSQL ${rows[0].server_version}: ${size.tables} tables made`);
  const result = await measureAudit(db.adminUrl, options.quick ? 3 : 11);
  const report: LiveAuditReport = {
    benchmark: "live-audit",
    mode: options.quick ? "quick" : "full",
    date: new Date().toISOString(),
    machine: { ...machine, load: { start: machine.load.start, end: loadNow() } },
    versions: describeVersions(rows[0].server_version),
    size,
    result,
    goals: [
      { name: "first audit of a process", goal: "<= 2000 ms", measured: result.firstMs, met: result.firstMs <= 2000 },
      ...(result.firstCpuMs === null
        ? []
        : [
            {
              name: "the same, CPU of main thread and server",
              goal: "<= 2000 ms",
              measured: result.firstCpuMs,
              met: result.firstCpuMs <= 2000,
            },
          ]),
      { name: "audit, median", goal: "<= 2000 ms", measured: result.medianMs, met: result.medianMs <= 2000 },
    ],
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
  if (options.out !== undefined) writeReport(options.out, report, liveAuditMarkdown(report));
  console.log(options.json ? JSON.stringify(report) : liveAuditText(report));
} finally {
  await server.stop();
}
