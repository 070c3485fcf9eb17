/** Workers in processes of their own for tests: bundled once, started, watched, killed. Nothing of them outlives the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

// The SQL files of our packages lie beside their sources, not beside the bundle.
const ownFiles: Plugin = {
  name: "own-files",
  setup(bundler) {
    bundler.onLoad({ filter: /-files\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)),
      loader: "ts",
    }));
  },
};

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Exit code or signal. */
  readonly ended: Promise<number | string>;
  readonly errors: () => string;
  /** Once it runs. */
  readonly name: Promise<string>;
  ready(): Promise<void>;
}

export interface Workers {
  start(env: Readonly<Record<string, string>>): WorkerProcess;
  /** Throws what a worker said that ended by itself. */
  check(): void;
  close(): Promise<void>;
}

/** Bundles a process file and starts it as often as asked. */
export async function workers(file: string): Promise<Workers> {
  const folder = await mkdtemp(join(root, "test-worker-"));
  const bundle = join(folder, "worker.mjs");
  await build({
    entryPoints: [join(root, "test/operations", file)],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // ours from their sources, as everywhere in tests
    conditions: ["source"],
    external: ["pg", "pg-boss"],
    plugins: [ownFiles],
  });
  const started: WorkerProcess[] = [];
  let crash: string | undefined;
  return {
    check() {
      if (crash !== undefined) throw new Error(crash);
    },
    start(env) {
      const child = spawn(process.execPath, [bundle], {
        env: { ...process.env, ...env },
        stdio: ["pipe", "pipe", "pipe"],
      });
      let errors = "";
      child.stderr!.setEncoding("utf8").on("data", (text: string) => (errors += text));
      const ended = once(child, "exit").then(([code, signal]) => (signal ?? code) as number | string);
      void ended.then((how) => {
        if (how !== 0 && how !== "SIGKILL" && how !== "SIGTERM") crash = `a worker ended with ${how}: ${errors}`;
      });
      const first = once(child.stdout!, "data");
      child.stdout!.on("data", () => {});
      const one: WorkerProcess = {
        child,
        ended,
        errors: () => errors,
        name: first.then(([text]) => String(text).trim().split(" ")[1] as string),
        ready: async () => {
          await Promise.race([
            first,
            ended.then((how) => {
              throw new Error(`the worker ended with ${how}: ${errors}`);
            }),
          ]);
        },
      };
      started.push(one);
      return one;
    },
    async close() {
      for (const { child, ended } of started) {
        child.kill("SIGKILL");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
