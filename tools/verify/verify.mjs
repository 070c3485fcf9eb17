// Runs every gate and prints how long each took; ends with `N passed, N failed`, the tests' own counts plus one for each other
// gate. Must never stop at the first failure: one run shows everything that is broken. --without tests leaves a stage out.
import { spawn } from "node:child_process";
import { waves } from "./stages.mjs";

const without = new Set(process.argv.flatMap((arg, i, all) => (all[i - 1] === "--without" ? [arg] : [])));
const totals = { passed: 0, failed: 0 };
const times = [];

/** Runs one stage; its output is shown at once when it failed or counts tests, else dropped. */
function runStage({ name, script, counts }) {
  const start = performance.now();
  return new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", script], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk) => {
      output += chunk;
      if (counts) process.stdout.write(chunk);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => collect(String(error)));
    child.once("close", (code) => {
      const seconds = (performance.now() - start) / 1000;
      times.push({ name, seconds, ok: code === 0 });
      const line = output.trimEnd().split("\n").at(-1) ?? "";
      const counted = counts ? /^(\d+) passed, (\d+) failed/.exec(line) : null;
      totals.passed += counted ? Number(counted[1]) : code === 0 ? 1 : 0;
      // A run that dies after its tests passed must not look green.
      const failed = counted ? Number(counted[2]) : 0;
      totals.failed += code === 0 ? failed : Math.max(failed, 1);
      if (code !== 0 && !counts) process.stdout.write(`\n--- ${name} failed ---\n${output.trimEnd()}\n`);
      console.log(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s`);
      resolve(code === 0);
    });
  });
}

for (const wave of waves) {
  await Promise.all(wave.filter(({ name }) => !without.has(name)).map(runStage));
}

console.log("\nstage              seconds");
for (const { name, seconds, ok } of times)
  console.log(`${name.padEnd(16)} ${seconds.toFixed(1).padStart(9)}${ok ? "" : "  FAILED"}`);
if (totals.failed > 0) process.exitCode = 1;
console.log(`${totals.passed} passed, ${totals.failed} failed`);
