// The soak's result as a page of the documentation: what ran, on what, with which seeds, and what it found.
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

export function writeResult(path, { minutes, asked, servers, rows, commit }) {
  const failed = rows.filter(({ ok }) => !ok);
  const lines = [
    "# Soak result",
    "",
    "Written by `npm run soak`; the same tests run in short in every CI run. A soak runs them long, on more PostgreSQL versions.",
    "",
    `- date: ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, commit ${commit}`,
    `- machine: ${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}, Node ${process.version}`,
    `- PostgreSQL: ${servers.join(", ")}`,
    `- time: ${minutes.toFixed(1)} minutes (asked for ${asked})`,
    `- outcome: ${failed.length === 0 ? "no foreign row, no hang, no unhandled error, no lost connection" : `FAILED: ${failed.map(({ server, part }) => `${part} on ${server}`).join("; ")}`}`,
    "",
    "| PostgreSQL | part | done | seconds | foreign rows or marks | correct handlers right | seed | outcome |",
    "|---|---|---|---|---|---|---|---|",
    ...rows.map(
      ({ server, part, done, unit, seconds, leaks, right, seed, ok }) =>
        `| ${server} | ${part} | ${done} ${unit} | ${seconds.toFixed(0)} | ${leaks ?? (ok ? 0 : "see output")} | ${right === undefined ? "" : `${(100 * right).toFixed(2)} %`} | ${seed ?? ""} | ${ok ? "passed" : "failed"} |`,
    ),
    "",
  ];
  writeFileSync(path, lines.join("\n"));
  return lines.join("\n");
}
