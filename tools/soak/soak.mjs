// The long runs: pool fuzz at every level, isolation model, hostile statements, mutants and properties, on PostgreSQL 16, 17 (from npm, on demand) and
// 18. `npm run soak -- --minutes 60 --versions 16,17,18`; writes docs/soak-result.md. Must never leave a server behind: those
// of 15 and 18 belong to the test runner, the others to a guard process.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageVersions, startInstalled } from "./install-server.mjs";
import { partEnvironment, parts } from "./parts.mjs";
import { writeResult } from "./write-result.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const option = (name, otherwise) => process.argv[process.argv.indexOf(`--${name}`) + 1 || Infinity] ?? otherwise;
const asked = Number(option("minutes", "60"));
const versions = option("versions", "16,17,18").split(",").map(Number);
if (!(asked > 0) || versions.some((version) => ![15, 16, 17, 18].includes(version))) {
  console.error("usage: npm run soak -- [--minutes N] [--versions 15,16,17,18]");
  process.exit(2);
}

// Starting the test runner takes this long each time.
const overheadSeconds = 8;
const scratch = mkdtempSync(join(tmpdir(), "watertight-soak-report-"));
const started = Date.now();
const rows = [];
const servers = [];

for (const [at, version] of versions.entries()) {
  const left = asked * 60 - (Date.now() - started) / 1000;
  const seconds = left / (versions.length - at);
  const installed = version in packageVersions ? await startInstalled(version) : undefined;
  const server = `${version}${installed ? ` (npm ${packageVersions[version]})` : ""}`;
  servers.push(server);
  try {
    const end = Date.now() + seconds * 1000;
    const own = parts.filter(({ versions: only }) => only === undefined || only.includes(version));
    for (const [index, part] of own.entries()) {
      const rest = own.slice(index).reduce((sum, { share }) => sum + share, 0);
      const share = ((end - Date.now()) / 1000) * (part.share / rest);
      await runPart(
        part,
        server,
        share,
        installed ? { DATABASE_URL: installed.url } : { WATERTIGHT_TEST_VERSIONS: String(version) },
      );
    }
  } finally {
    await installed?.stop();
  }
}
rmSync(scratch, { recursive: true, force: true });

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
const page = writeResult(join(root, "docs", "soak-result.md"), {
  minutes: (Date.now() - started) / 60_000,
  asked,
  servers,
  rows,
  commit,
});
console.log(`\n${page}`);
const failed = rows.filter(({ ok }) => !ok).length;
if (failed > 0) process.exitCode = 1;
console.log(`${rows.length - failed} passed, ${failed} failed`);

async function runPart(part, server, share, where) {
  const until = Date.now() + share * 1000;
  do {
    const report = join(scratch, `${rows.length}.jsonl`);
    writeFileSync(report, "");
    const begun = Date.now();
    const { code, output } = await runTests(part.files, {
      ...where,
      ...partEnvironment(part, share - overheadSeconds),
      FUZZ_REPORT: report,
    });
    const seconds = (Date.now() - begun) / 1000;
    const lines = readFileSync(report, "utf8")
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    if (lines.length === 0) {
      const [, passed = "0"] = /^(\d+) passed/m.exec(output.split("\n").slice(-2).join("\n")) ?? [];
      rows.push({ server, part: part.name, done: passed, unit: "tests", seconds, ok: code === 0 });
    }
    for (const { title, done, seconds: took, leaks, right, seed } of lines)
      rows.push({
        server,
        part: title.replace(/, PostgreSQL \d+/, ""),
        done,
        unit: part.kind === "model" ? "commands" : "iterations",
        seconds: took,
        leaks,
        right,
        seed,
        ok: code === 0,
      });
    if (code !== 0) console.log(output.slice(-20_000));
    console.log(
      `${code === 0 ? "ok    " : "FAILED"} PostgreSQL ${server.padEnd(26)} ${part.name.padEnd(20)} ${seconds.toFixed(0)} s`,
    );
    if (code !== 0) return;
  } while (["hostile", "properties"].includes(part.kind) && Date.now() + 30_000 < until);
}

function runTests(files, env) {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [join(root, "node_modules", "vitest", "vitest.mjs"), "run", "--testTimeout", "1800000", ...files],
      {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let output = "";
    const collect = (chunk) => (output = (output + chunk).slice(-200_000));
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("close", (code) => resolve({ code, output: output.trimEnd() }));
  });
}
