/**
 * npm run bench:check: how long `watertight check` takes in a project of 50, 200 and 500 tables, with attacks, each time in a fresh process, and
 * the memory that it needs.
 */
import { parseArgs } from "node:util";
import { type CheckResult, measureCheck } from "./check/measure.ts";
import { checkPage, judgeCheck } from "./report/check-report.ts";
import { beginRun } from "./report/run.ts";

const usage = `Usage: npm run bench:check -- [options]
  --tables 50,200,500  sizes
  --runs N             runs of each size (default: 7 of up to 50 tables, 5 of up to 200, 3 above)
  --quick              50 and 200 tables, one run each
  --json               print the report as JSON
  --out FILE.json      also write FILE.json and FILE.md`;

function fail(problem: string): never {
  console.error(`${problem}\n${usage}`);
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      options: {
        tables: { type: "string" },
        runs: { type: "string" },
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        out: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

const { quick, json, out, help, ...given } = options();
if (help) {
  console.log(usage);
  process.exit(0);
}
const sizes = (given.tables ?? (quick ? "50,200" : "50,200,500")).split(",").map(Number);
if (!sizes.every((size) => Number.isInteger(size) && size >= 5)) fail("--tables must be numbers from 5 on");
const asked = given.runs === undefined ? undefined : Number(given.runs);
if (asked !== undefined && !(asked >= 1)) fail("--runs must be 1 or more");
// said before the run, not after its minutes
if (out !== undefined && !out.endsWith(".json")) fail("--out must name a .json file");

const run = beginRun({ quick, json, out });
const results: CheckResult[] = [];
for (const size of sizes)
  results.push(await measureCheck(size, asked ?? (quick ? 1 : size <= 50 ? 7 : size <= 200 ? 5 : 3), run.say));
const postgres = results[0]?.postgres ?? "unknown";
run.end("check", { postgres, goals: judgeCheck(results), body: { results } }, checkPage);
