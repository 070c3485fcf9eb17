// Makes the binaries usable by the user that will run the server. PostgreSQL refuses to run as root, so as root it runs as
// `nobody`; a checkout under a 0700 folder is closed to that user, and then the binaries are copied into the run's own folder.
// Must never change the permissions of anything outside that folder.
import { execFile } from "node:child_process";
import { chmod, copyFile, link, mkdir, readdir, readlink, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import type { Binaries } from "./binaries.ts";

/** The user a server runs as; undefined: the user of this process. */
export interface Identity {
  uid: number;
  gid: number;
}

// 65534 has a passwd entry (`nobody`) on every Linux we know; initdb refuses a uid without one.
const NOBODY: Identity = { uid: 65534, gid: 65534 };

/** `nobody` when this process is root, else undefined. */
export function serverIdentity(uid: number | undefined = process.getuid?.()): Identity | undefined {
  return uid === 0 ? NOBODY : undefined;
}

/** Returns a folder with bin/, lib/ and share/ that `identity` can execute: the installed one, or a complete copy under `folder`. */
export async function readableBinaries(
  binaries: Binaries,
  folder: string,
  identity: Identity | undefined,
): Promise<string> {
  if (binaries.missingLinks.length === 0 && (await runs(binaries.native, identity))) return binaries.native;
  const copy = join(folder, "native");
  await copyTree(binaries.native, copy);
  for (const { link: name, target } of binaries.missingLinks) {
    const path = join(copy, name);
    await mkdir(dirname(path), { recursive: true });
    await symlink(relative(dirname(path), join(copy, target)), path);
  }
  return copy;
}

// Hard links where they do: the binaries are 60 MB. A file that others may not read (umask 077) is copied and opened, because
// changing its mode through a link would change the installed file.
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (!/\.(a|pc)$/.test(entry.name)) await copyOne(source, target);
  }
}

async function copyOne(source: string, target: string): Promise<void> {
  const { mode } = await stat(source);
  if ((mode & 0o004) !== 0) {
    const linked = await link(source, target).then(
      () => true,
      () => false,
    );
    if (linked) return;
  }
  await copyFile(source, target);
  await chmod(target, mode & 0o100 ? 0o755 : 0o644);
}

async function runs(native: string, identity: Identity | undefined): Promise<boolean> {
  try {
    await promisify(execFile)(join(native, "bin", "postgres"), ["--version"], {
      ...identity,
      timeout: 20_000,
      cwd: "/",
    });
    return true;
  } catch {
    return false;
  }
}
