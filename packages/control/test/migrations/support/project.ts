// A project with migrations in a temporary folder, read as the command line reads them: by the audit's own finder and parser.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readMigrations } from "@watertight/audit";
import { makeRelease, type MigrationReader, type Release, type ScopeOptions } from "@watertight/control";

// the compiler says that the audit's reader has the shape that control asks for
export const reader: MigrationReader = readMigrations;

/** Writes the files, reads them, and removes them again. */
export async function releaseOf(files: Readonly<Record<string, string>>, options?: ScopeOptions): Promise<Release> {
  const root = await mkdtemp(join(tmpdir(), "watertight-release-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(root, name.includes("/") ? name : `migrations/${name}`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    return makeRelease(await reader(root), options);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
