/**
 * Runs one operation of provisioning in a process of its own, as a worker would: under a lease, to its end or to the place where it is killed.
 * Without OPERATION it is a worker. Run as a bundle, because Node 20 runs no TypeScript.
 */
import pg from "pg";
import { failpointFrom } from "../../src/operations/failpoints.ts";
import { runOperation } from "../../src/operations/run-operation.ts";
import { startWorker } from "../../src/operations/worker.ts";
import { provisioningKinds } from "../../src/provision/provisioning-kinds.ts";
import { fileStore } from "../../src/secrets/file-store.ts";
import { openSecrets } from "../../src/secrets/secrets.ts";
import { killedSource } from "./sample-source.ts";

const env = process.env as Record<string, string | undefined>;
// the test holds the other end: when it goes, so does this
process.stdin.on("end", () => process.exit(1)).resume();
const kinds = provisioningKinds({
  secrets: openSecrets({ stores: { local: fileStore(env["SECRETS"]!) }, keepIn: "local" }),
  schemaOf: async () => killedSource(env["FAILS"] === "yes"),
});
if (env["OPERATION"] === undefined) {
  const told = new Promise((resolve) => process.once("SIGTERM", resolve));
  const worker = await startWorker({ catalogUrl: env["CATALOG_URL"]!, kinds, concurrency: 3 });
  process.stdout.write(`ready ${worker.name}\n`);
  await told;
  await worker.stop();
  process.exit(0);
}
const catalog = new pg.Pool({ connectionString: env["CATALOG_URL"]!, max: 4 });
catalog.on("error", () => {});
const result = await runOperation(
  {
    catalog,
    kinds,
    worker: `process-${process.pid}`,
    signal: new AbortController().signal,
    failpoint: failpointFrom(),
  },
  env["OPERATION"],
);
process.stdout.write(`${result.end}\n`);
process.exit(0);
