// A process of its own that migrates one target and kills itself with SIGKILL at a failpoint: bundled from the sources, so nothing has to be built.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Release, Target } from "@watertight/control";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The bundled script. */
export interface KillableProcess {
  /** Runs it; answers the signal that ended it, null when it came to its end. `nth`: die at the nth passing of the point. */
  run(target: Target, release: Release, point: number, nth?: number): Promise<NodeJS.Signals | null>;
  remove(): Promise<void>;
}

/** Bundles the script into a folder of this package, where it finds `pg`. */
export async function killableProcess(): Promise<KillableProcess> {
  const folder = await mkdtemp(join(root, "test-killed-"));
  const script = join(folder, "apply.mjs");
  await build({
    stdin: {
      contents: `import { readFileSync } from "node:fs";
import { applyToTarget } from "@watertight/control";
const { target, release, point, nth } = JSON.parse(readFileSync(process.argv[2], "utf8"));
let passed = 0;
await applyToTarget(target, release, {
  failpoint: (n) => { if (n === point && ++passed === nth) process.kill(process.pid, "SIGKILL"); },
});`,
      resolveDir: root,
    },
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    external: ["pg"],
    outfile: script,
    logLevel: "silent",
  });
  let count = 0;
  return {
    async run(target, release, point, nth = 1) {
      const input = join(folder, `input-${++count}.json`);
      await writeFile(input, JSON.stringify({ target, release, point, nth }));
      const child = spawn(process.execPath, [script, input], {
        stdio: ["ignore", "ignore", "inherit"],
        timeout: 30_000,
      });
      return new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, signal) =>
          code === 0 || signal !== null ? resolve(signal) : reject(new Error(`exit ${code}`)),
        );
      });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
