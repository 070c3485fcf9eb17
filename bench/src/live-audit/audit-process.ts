/**
 * Audits the database of DATABASE_URL in a process of its own, so that the first audit is a cold one: `node audit-process.js <later rounds>`. The clock
 * starts with nothing of ours loaded and stops with the report: loading and connecting count, Node's own start does not. Prints JSON.
 * `node audit-process.js command` runs the whole command instead, with all that it prints and writes.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuReader, waitedUs } from "../measure/server-cpu.ts";
import type { ColdAudit } from "./measure.ts";

const [what = "0"] = process.argv.slice(2);
const url = process.env["DATABASE_URL"] ?? "";
const { cpuUsage, pid } = process;
const ownCpu = cpuReader([pid]);
const ms = (microseconds: number | null): number => (microseconds === null ? Number.NaN : microseconds / 1000);
const processMs = (): number => {
  const { user, system } = cpuUsage();
  return ms(user + system);
};

const now = () => ({
  clock: performance.now(),
  own: ms(ownCpu([pid])),
  process: processMs(),
  waited: ms(waitedUs([])),
});
const start = now();
// the command line's own modules: the package is no dependency of the benchmarks
const { run } = (await import(new URL("../../../packages/cli/dist/index.js", import.meta.url).href)) as {
  run(argv: readonly string[], io: object): Promise<number>;
};
console.log(JSON.stringify(what === "command" ? await command() : await audits(Number(what))));

async function command(): Promise<{ readonly wallMs: number }> {
  const cwd = await mkdtemp(join(tmpdir(), "watertight-bench-"));
  try {
    const io = { cwd, env: { DATABASE_URL: url }, out: () => {}, err: () => {}, colour: false, width: 100 };
    const code = await run(["check", "--db", "env:DATABASE_URL", "--json", "--exit-zero"], io);
    if (code !== 0) throw new Error(`check ended with ${code}`);
    return { wallMs: performance.now() - start.clock };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

async function audits(rounds: number): Promise<ColdAudit> {
  const { checkLive, resolveLightly } = await import("@watertight/audit/live");
  const { default: pg } = await import("pg");
  const loadedMs = performance.now() - start.clock;
  let cold: Omit<ColdAudit, "laterMs" | "laterCpuMs" | "laterParts"> | undefined;
  const later: { ms: number; cpuMs: number; parts: Readonly<Record<string, number>> }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const begin = round === 0 ? start : now();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      const backend = [rows[0]!.pid];
      const request = { db: client, root: "/nowhere", resolved: await resolveLightly({}), configFile: null };
      const { report } = await checkLive(request);
      const wallMs = performance.now() - begin.clock;
      const mainMs = ms(ownCpu([pid])) - begin.own;
      const serverMs = ms(cpuReader(backend)(backend));
      if (cold === undefined)
        cold = {
          firstMs: wallMs,
          loadedMs,
          waitedMs: ms(waitedUs([])) - begin.waited,
          mainMs,
          serverMs,
          processMs: processMs() - begin.process,
          parts: report.timing,
          findings: report.findings.length,
        };
      else later.push({ ms: wallMs, cpuMs: mainMs + serverMs, parts: report.timing });
    } finally {
      await client.end();
    }
  }
  return {
    ...cold!,
    laterMs: later.map((each) => each.ms),
    laterCpuMs: later.map((each) => each.cpuMs),
    laterParts: later.map((each) => each.parts),
  };
}
