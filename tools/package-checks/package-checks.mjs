// publint and attw on the packed tarballs of every published package: manifest mistakes and types that do not resolve.
// ESM only on purpose (require() of ESM works on every Node we support), hence attw's profile.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packAll } from "../packed/pack.mjs";

const bin = (name) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

function runs(file, args) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ["ignore", "inherit", "inherit"], timeout: 240_000 });
    child.once("error", () => resolve(false));
    child.once("close", (code) => resolve(code === 0));
  });
}

const folder = await mkdtemp(join(tmpdir(), "watertight-checks-"));
try {
  for (const { tarball } of await packAll(folder)) {
    const lint = await runs(bin("publint"), ["run", tarball, "--strict"]);
    const types = await runs(bin("attw"), [tarball, "--profile", "esm-only", "--no-emoji"]);
    if (!lint || !types) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
