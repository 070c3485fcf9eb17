// Nothing of an embedded server survives the process that started it, however that process ends: the ways are a normal end
// without stop(), process.exit, Ctrl-C and kill -9, also in the middle of initdb.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { mkdtemp, rm } from "node:fs/promises";

const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string;
let starter: string;

// Node 20 runs no TypeScript, so the child runs a bundle; its modules believe that they stand in src/, for the guard's path.
beforeAll(async () => {
  folder = await mkdtemp(join(root, "test-starter-"));
  starter = join(folder, "starter.mjs");
  await build({
    stdin: {
      contents: `
        import pg from "pg";
        import { startPostgres } from "./src/start-postgres.ts";
        const server = await startPostgres({ version: 18 });
        const client = new pg.Client({ connectionString: server.url() });
        await client.connect();
        const { rows } = await client.query("show data_directory");
        await client.end();
        console.log(JSON.stringify({ log: server.logPath, data: rows[0].data_directory }));
        const how = process.argv[2];
        if (how === "exit") process.exit(3);
        if (how === "wait") setInterval(() => {}, 1000);
      `,
      resolveDir: root,
      loader: "ts",
    },
    outfile: starter,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["pg"],
    define: { "import.meta.url": JSON.stringify(new URL("../src/start-postgres.ts", import.meta.url).href) },
    logLevel: "silent",
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Started {
  child: ChildProcess;
  ended: Promise<unknown>;
  postmaster: number;
  folders: string[];
}

async function start(how: string): Promise<Started> {
  const child = spawn(process.execPath, [starter, how], { stdio: ["ignore", "pipe", "ignore"], detached: true });
  // A test that fails half-way must not leave its child waiting for ever.
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  const { log, data } = JSON.parse(line) as { log: string; data: string };
  // Already gone when the child exits at once: then the pid file is, too.
  const pidFile = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "0");
  return { child, ended, postmaster: Number.parseInt(pidFile, 10), folders: [dirname(log), dirname(data)] };
}

function alive(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function expectGone({ postmaster, folders }: Started): Promise<void> {
  await expect.poll(() => alive(postmaster), { timeout: 15_000 }).toBe(false);
  await expect.poll(() => folders.filter((folder) => existsSync(folder)), { timeout: 15_000 }).toEqual([]);
}

describe("an embedded server is gone after", () => {
  beforeEach((context) => {
    if (process.platform !== "linux") context.skip("processes are watched through /proc, which only Linux has");
  });

  test("kill -9 of the process that started it", async () => {
    const started = await start("wait");
    expect(started.postmaster).toBeGreaterThan(1);
    expect(alive(started.postmaster)).toBe(true);
    expect(started.folders.every((folder) => existsSync(folder))).toBe(true);
    started.child.kill("SIGKILL");
    await started.ended;
    await expectGone(started);
  });

  test("Ctrl-C, which signals the whole process group", async () => {
    const started = await start("wait");
    expect(alive(started.postmaster)).toBe(true);
    process.kill(-started.child.pid!, "SIGINT");
    await started.ended;
    await expectGone(started);
  });

  for (const how of ["exit", "return"]) {
    test(`${how} without stop()`, async () => {
      const started = await start(how);
      await started.ended;
      await expectGone(started);
    });
  }

  test("SIGKILL while initdb still runs", async () => {
    const child = spawn(process.execPath, [starter, "wait"], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = once(child, "exit");
    const guard = await pollChild(child.pid!);
    // Between fork and exec the child still shows our own command line.
    const read = async (): Promise<string | undefined> =>
      (await readFile(`/proc/${guard}/cmdline`, "utf8")).split("\0").find((part) => part.startsWith("{"));
    await expect.poll(read, { interval: 5, timeout: 10_000 }).toBeDefined();
    const { folders } = JSON.parse((await read())!) as { folders: string[] };
    const begun = (): boolean => folders.some((folder) => existsSync(join(folder, "data")));
    await expect.poll(begun, { interval: 10, timeout: 30_000 }).toBe(true);
    child.kill("SIGKILL");
    await ended;
    await expect.poll(() => alive(guard), { timeout: 15_000 }).toBe(false);
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
  });
});

async function pollChild(parent: number): Promise<number> {
  const list = `/proc/${parent}/task/${parent}/children`;
  let first = 0;
  await expect
    .poll(
      async () => {
        first = Number.parseInt(await readFile(list, "utf8"), 10);
        return first;
      },
      { interval: 10, timeout: 10_000 },
    )
    .toBeGreaterThan(0);
  return first;
}
