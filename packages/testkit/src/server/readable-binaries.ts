// Makes the binaries usable by the user that will run the server. PostgreSQL refuses to run as root, so as root it runs as
// `nobody`; a checkout under a 0700 folder is closed to that user, and then the binaries are copied into the run's own folder.
// Must never change the permissions of anything outside that folder.
import { execFile } from "node:child_process";
import { cp, mkdir, symlink } from "node:fs/promises";
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
  await cp(binaries.native, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !/\.(a|pc)$/.test(path),
  });
  for (const { link, target } of binaries.missingLinks) {
    const path = join(copy, link);
    await mkdir(dirname(path), { recursive: true });
    await symlink(relative(dirname(path), join(copy, target)), path);
  }
  return copy;
}

async function runs(native: string, identity: Identity | undefined): Promise<boolean> {
  try {
    // initdb needs share/ too, so a closed folder anywhere on the way shows here: postgres --version reads bin/ and lib/, -C reads share/.
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
