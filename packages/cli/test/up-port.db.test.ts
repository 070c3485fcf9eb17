// A port that is taken ends `up` at once, with everything that it had begun.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const bin = fileURLToPath(new URL("../bin/watertight.js", import.meta.url));

test("a taken port: the error, its exit code, and nothing left", { timeout: 60_000 }, async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const folder = await mkdtemp(join(tmpdir(), "watertight-up-port-"));
  try {
    const { port } = other.address() as AddressInfo;
    const child = spawn(process.execPath, [bin, "up", "--port", String(port)], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 40_000,
    });
    let err = "";
    child.stderr.on("data", (text) => (err += String(text)));
    const [code] = await once(child, "exit");
    expect([code, err.includes("EADDRINUSE")]).toEqual([2, true]);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    other.close();
    await rm(folder, { recursive: true, force: true });
  }
});
