// Packs the published packages as npm would publish them. Must never pack a private package.
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The packages that are published: name, folder and manifest. */
export async function publishedPackages() {
  const found = [];
  for (const entry of await readdir(join(root, "packages"), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = join(root, "packages", entry.name);
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    if (!manifest.private) found.push({ name: manifest.name, folder, manifest });
  }
  return found;
}

/**
 * Packs every published package into `folder`.
 * @param {string} folder
 * @returns {Promise<{name: string, manifest: Record<string, any>, folder: string, tarball: string, files: string[]}[]>}
 */
export async function packAll(folder) {
  const packed = [];
  for (const one of await publishedPackages()) {
    const { stdout } = await promisify(execFile)(
      "npm",
      ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
      { cwd: one.folder, timeout: 240_000 },
    );
    const [{ filename, files }] = JSON.parse(stdout);
    packed.push({ ...one, tarball: join(folder, filename), files: files.map((file) => file.path) });
  }
  return packed;
}
