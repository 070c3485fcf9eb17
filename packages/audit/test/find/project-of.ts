/** Throw-away projects for tests: files by path, gone after the test. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type FindOptions, findMigrations } from "../../src/find/find-migrations.ts";
import type { MigrationSet } from "../../src/find/migration.ts";

/** Files and their content; a list of names gets a statement each. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export async function projectOf(files: Files): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "watertight-find-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

export async function find(files: Files, options?: FindOptions): Promise<MigrationSet[]> {
  return findMigrations(await projectOf(files), options);
}

/** A file for each path, each with one statement. */
export const statements = (...paths: string[]): Record<string, string> =>
  Object.fromEntries(paths.map((path) => [path, "create table t (id int);\n"]));

/** What a table of cases compares: tool, folder, names in order, and what was not read. */
export const brief = ({ tool, folder, migrations, unread }: MigrationSet): unknown => ({
  tool,
  folder,
  names: migrations.map(({ name }) => name),
  unread: unread.map(({ file, reason }) => `${file}: ${reason}`),
});

export const sqlOf = (set: MigrationSet | undefined): string[] =>
  set?.migrations.map(({ fragments }) => fragments.map(({ sql }) => sql.trim()).join(" | ")) ?? [];
