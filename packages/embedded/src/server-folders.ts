// Where a server's files go. CREATE DATABASE writes 300 files: 200 ms of CPU on ext4, 10 ms in memory (measured, PostgreSQL 18),
// and a test run makes hundreds of databases. Must never fill the machine's memory: only a roomy memory file system is used, and
// binaries never lie there, because containers mount it noexec.
import { chown, mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Identity } from "./readable-binaries.ts";

const MEMORY_FOLDER = "/dev/shm";
const TMPFS_MAGIC = 0x0102_1994;
const ROOM_BYTES = 2 * 1024 ** 3;

/** Makes the folder for log and binaries, and the one for data (the same without a memory file system), both owned by `identity`. */
export async function makeFolders(
  identity: Identity | undefined,
  storage: "memory" | "disk",
): Promise<{ folder: string; dataFolder: string }> {
  // TMPDIR may point into root's own folder, closed to `nobody`; /tmp is open to everybody by definition.
  const folder = await makeFolder(identity ? "/tmp" : tmpdir(), identity);
  if (storage === "disk" || !(await memoryIsRoomy())) return { folder, dataFolder: folder };
  return { folder, dataFolder: await makeFolder(MEMORY_FOLDER, identity).catch(() => folder) };
}

async function makeFolder(parent: string, identity: Identity | undefined): Promise<string> {
  const folder = await mkdtemp(join(parent, "watertight-pg-"));
  if (identity) await chown(folder, identity.uid, identity.gid);
  return folder;
}

async function memoryIsRoomy(): Promise<boolean> {
  if (process.platform !== "linux" || process.availableMemory() < 2 * ROOM_BYTES) return false;
  const system = await statfs(MEMORY_FOLDER).catch(() => undefined);
  return system !== undefined && system.type === TMPFS_MAGIC && system.bavail * system.bsize >= ROOM_BYTES;
}
