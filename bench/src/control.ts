/**
 * npm run bench:control: what operating tenants costs, each figure against the bare way in the same run. --json prints `results`.
 */
import { startServer } from "@watertight/testkit";
import type { Figure } from "./control/figure.ts";
import { figures } from "./control/figures.ts";
import { parseOptions } from "./options.ts";
import { controlPage, judgeControl } from "./report/control-report.ts";
import { beginRun } from "./report/run.ts";

const options = parseOptions(process.argv.slice(2));
const run = beginRun(options);
// As in production: a commit is on the disk before it is told, and the catalog of 1,000 schemas fits into memory. Neither eviction nor a checkpoint
// nor a vacuum of the rounds before is measured.
const settings = {
  fsync: "on",
  synchronous_commit: "on",
  shared_buffers: "512MB",
  max_connections: "500",
  max_wal_size: "4GB",
  checkpoint_timeout: "1h",
  autovacuum: "off",
};
const { quick, postgres } = options;
const server = await startServer({ version: postgres, storage: "disk", settings });
try {
  const results: Figure[] = [];
  for (const { measure } of figures) results.push(...(await measure({ quick, postgres, say: run.say }, server)));
  run.end("control", { postgres: String(postgres), goals: judgeControl(results), body: { results } }, controlPage);
} finally {
  await server.stop();
}
