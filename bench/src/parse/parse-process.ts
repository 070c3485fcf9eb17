/**
 * Parses one migration in a process of its own, so that the first figure is a cold one: `node parse-process.js <lines> <rounds>`. Prints JSON.
 */
import { readFileSync } from "node:fs";
import { migrationText } from "./migration-text.ts";

/** Processor time of the main thread, milliseconds: what it would take with a free core. Linux only; elsewhere that of all threads. */
function ownCpu(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
}

/** The members of the parser that are measured: it is not part of the package's public face. */
interface Parser {
  parseMigrations(set: unknown): Promise<readonly { readonly problem: string | null }[]>;
}

const [lines = 5000, rounds = 1] = process.argv.slice(2).map(Number);
const sql = migrationText(lines);
const migrations = [
  { name: "m", tool: "sql", file: "m.sql", fragments: [{ sql, line: 1, offset: 0 }], transaction: true },
];
const set = { tool: "sql", folder: ".", migrations, unread: [], evidence: [] };

const start = performance.now();
const entry = import.meta.resolve("@watertight/audit");
const parser = (await import(new URL("parse/parse-migrations.js", entry).href)) as Parser;
const loaded = performance.now();
const before = ownCpu();
let cpuMs = 0;
const times: number[] = [];
let statements: readonly { readonly problem: string | null }[] = [];
for (let round = 0; round < rounds; round += 1) {
  const from = performance.now();
  statements = await parser.parseMigrations(set);
  times.push(performance.now() - from);
  if (round === 0) cpuMs = ownCpu() - before;
}
const refused = statements.filter(({ problem }) => problem !== null).length;
if (refused > 0) throw new Error(`${refused} statements were refused: the text is wrong`);
console.log(
  JSON.stringify({
    lines: sql.split("\n").length - 1,
    kilobytes: Math.round(sql.length / 1024),
    statements: statements.length,
    loadMs: Math.round(loaded - start),
    firstCpuMs: Math.round(cpuMs),
    firstMs: Math.round(times[0] ?? 0),
    laterMs: times.slice(1).map(Math.round),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
