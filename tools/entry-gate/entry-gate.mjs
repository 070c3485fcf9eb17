// Bundles every entry of the runtime and asserts what DESIGN promises: no external import but Node's builtins, and main entry
// plus pg driver together within 12 kB of minified gzip. Must never allow an exception: a runtime with one dependency is broken.
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** 12 kB, decimal: the stricter reading. */
export const LIMIT_BYTES = 12_000;

/**
 * Bundles files as one entry.
 * @param {string[]} files
 * @returns {Promise<{gzipBytes: number, external: string[]}>} size of the bundle, and imports that are neither ours nor Node's
 */
export async function measureEntry(files) {
  const external = new Set();
  const result = await build({
    stdin: {
      contents: files.map((file) => `export * from ${JSON.stringify(resolve(file))};`).join("\n"),
      resolveDir: dirname(resolve(files[0])),
    },
    bundle: true,
    minify: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["source"],
    logLevel: "silent",
    plugins: [
      {
        name: "note-externals",
        setup({ onResolve }) {
          onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
            if (kind === "entry-point") return undefined;
            if (!isBuiltin(path)) external.add(path);
            return { path, external: true };
          });
        },
      },
    ],
  });
  const bytes = result.outputFiles.map((file) => Buffer.from(file.contents));
  return { gzipBytes: gzipSync(Buffer.concat(bytes), { level: 9 }).length, external: [...external] };
}

/**
 * Judges measured entries.
 * @param {{name: string, gzipBytes: number, external: string[], limitBytes?: number}[]} entries
 * @returns {string[]} one line for each broken promise
 */
export function findBreaches(entries) {
  return entries.flatMap(({ name, gzipBytes, external, limitBytes }) => [
    ...external.map((path) => `${name} imports ${path}: the runtime has no dependencies`),
    ...(limitBytes !== undefined && gzipBytes > limitBytes
      ? [`${name} is ${gzipBytes} B gzip, limit ${limitBytes} B`]
      : []),
  ]);
}

async function main() {
  const folder = fileURLToPath(new URL("../../packages/runtime/", import.meta.url));
  const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const sources = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === "object" ? [{ name, file: join(folder, target.source) }] : [],
  );
  const entries = [];
  for (const { name, file } of sources) entries.push({ name, ...(await measureEntry([file])) });
  const pair = sources.filter(({ name }) => name === "." || name === "./pg").map(({ file }) => file);
  entries.push({ name: ". with ./pg", ...(await measureEntry(pair)), limitBytes: LIMIT_BYTES });
  for (const { name, gzipBytes } of entries) console.log(`${name.padEnd(16)} ${String(gzipBytes).padStart(6)} B gzip`);
  const breaches = findBreaches(entries);
  for (const breach of breaches) console.error(`entry gate: ${breach}`);
  if (breaches.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
