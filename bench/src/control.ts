/**
 * npm run bench:control: the figures of the control plane and of fleets, each against the bare alternative or a bound in the same run.
 */
import { parseArgs } from "node:util";
import type { FigureResult } from "./control/figure.ts";
import { figures } from "./control/figures.ts";
import { controlPage, judgeControl } from "./report/control-report.ts";
import { beginRun } from "./report/run.ts";

const usage = `Usage: npm run bench:control -- [options]
  --figure A,B         only these: ${figures.map(({ name }) => name).join(", ")}
  --quick              smaller and shorter, with more noise
  --postgres 15|18     embedded server version (default 18)
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
        figure: { type: "string" },
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        postgres: { type: "string", default: "18" },
        out: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

const { quick, json, out, help, postgres, figure } = options();
if (help) {
  console.log(usage);
  process.exit(0);
}
if (postgres !== "15" && postgres !== "18") fail("--postgres must be 15 or 18");
// said before the run, not after its minutes
if (out !== undefined && !out.endsWith(".json")) fail("--out must name a .json file");
const asked = figure?.split(",") ?? figures.map(({ name }) => name);
const unknown = asked.find((name) => !figures.some((each) => each.name === name));
if (unknown !== undefined) fail(`--figure: there is no ${unknown}`);

const run = beginRun({ quick, json, out });
const once = new Map<string, Promise<unknown>>();
const results: FigureResult[] = [];
for (const each of figures) {
  if (!asked.includes(each.name)) continue;
  results.push(
    await each.measure({
      quick,
      postgres: postgres === "15" ? 15 : 18,
      say: run.say,
      shared: <T>(name: string, work: () => Promise<T>): Promise<T> => {
        let found = once.get(name);
        if (found === undefined) once.set(name, (found = work()));
        return found as Promise<T>;
      },
    }),
  );
}
run.end("control", { postgres, goals: judgeControl(results), body: { results } }, controlPage);
if (results.some(({ ok }) => !ok)) process.exitCode = 1;
