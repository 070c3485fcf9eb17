// What a user gets: packs the published packages, installs the tarballs in an empty folder, and there imports and require()s
// every subpath. Must never see the workspace: the folder lies outside it.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { packAll } from "./pack.mjs";

const run = promisify(execFile);

const folder = await mkdtemp(join(tmpdir(), "watertight-packed-"));
try {
  const packed = await packAll(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  await run("npm", ["install", "--prefer-offline", "--ignore-scripts", ...packed.map((one) => one.tarball)], {
    cwd: folder,
    timeout: 240_000,
  });
  let failures = 0;
  for (const { name, manifest, files } of packed) {
    const stray = files.filter((file) => /(^|\/)(test|fixtures)\/|\.tsbuildinfo$|\.tgz$/.test(file));
    if (stray.length > 0) {
      failures++;
      console.error(`${name}: packs ${stray.join(", ")}`);
    }
    for (const subpath of Object.keys(manifest.exports)) {
      // data needs an import attribute; require() reads it
      if (subpath.endsWith(".json")) continue;
      const specifier = JSON.stringify(`${name}${subpath.slice(1)}`);
      for (const [way, code] of [
        ["import", `import(${specifier}).then(check)`],
        ["require", `check(require(${specifier}))`],
      ]) {
        const script = `const check = (m) => { if (Object.keys(m).length === 0) throw new Error("exports nothing"); }; ${code}`;
        try {
          await run(process.execPath, ["--input-type=commonjs", "--eval", script], { cwd: folder, timeout: 30_000 });
          console.log(`${way.padEnd(8)} ${specifier}`);
        } catch (error) {
          failures++;
          console.error(`${way} ${specifier} failed:\n${error.stderr ?? error}`);
        }
      }
    }
    for (const bin of Object.keys(manifest.bin ?? {})) {
      try {
        await run(join(folder, "node_modules", ".bin", bin), ["--help"], { cwd: folder, timeout: 30_000 });
        console.log(`runs     ${bin} --help`);
      } catch (error) {
        failures++;
        console.error(`${bin} --help failed:\n${error.stderr ?? error}`);
      }
    }
  }
  if (failures > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
