/**
 * Loaded before the command in its own process (node --import): writes what the process used when it ends. Must change nothing that the command
 * does: it waits for the end and nothing else.
 */
import { writeFileSync } from "node:fs";

const file = process.env["WATERTIGHT_BENCH_USAGE"];
if (file !== undefined)
  process.on("exit", () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeFileSync(file, JSON.stringify({ peakKb: maxRSS, cpuUs: userCPUTime + systemCPUTime }));
  });
