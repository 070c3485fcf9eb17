/**
 * Prisma: <folder>/<name>/migration.sql in the order of folder names. The folder is wherever migration_lock.toml lies; its provider, or the
 * schema's, must be postgresql.
 */
import { posix } from "node:path";
import { byName } from "../order.ts";
import type { Project } from "../project.ts";
import { settings } from "../settings.ts";
import { add, type Draft, draftOf, finish, type Found, leave, textOf } from "../tool.ts";

const MIGRATION = /^(.*)\/[^/]+\/migration\.sql$/;

/** The datasource's provider in schema files near the folder: those of the nearest parent that has any. */
async function schemaProvider(
  project: Project,
  draft: Draft,
  files: readonly string[],
  folder: string,
): Promise<string | undefined> {
  for (let parent = posix.dirname(folder); ; parent = posix.dirname(parent)) {
    const near = files.filter((file) => file.endsWith(".prisma") && (parent === "." || file.startsWith(`${parent}/`)));
    for (const file of near) {
      const text = (await textOf(project, draft, file)) ?? "";
      const provider = /\bdatasource\s+\w+\s*\{[^}]*?\bprovider\s*=\s*"([^"]+)"/.exec(text)?.[1];
      if (provider !== undefined) {
        draft.evidence.push(`${file}: provider ${provider}`);
        return provider;
      }
    }
    if (near.length > 0 || parent === ".") return undefined;
  }
}

/** Finds every folder of Prisma migrations. */
export async function prisma(project: Project, files: readonly string[]): Promise<Found> {
  const locks = files.filter((file) => posix.basename(file) === "migration_lock.toml");
  const likely = files.filter((file) => MIGRATION.test(file)).map((file) => MIGRATION.exec(file)?.[1] ?? "");
  const schemas = files.filter((file) => file.endsWith(".prisma"));
  const folders = new Set([...locks.map((file) => posix.dirname(file)), ...(schemas.length > 0 ? likely : [])]);
  const sets = [];
  const claimed: string[] = [];
  for (const folder of folders) {
    const own = files.filter((file) => file.startsWith(`${folder}/`) && file.endsWith(".sql"));
    const draft = draftOf();
    const lock = `${folder}/migration_lock.toml`;
    const locked = files.includes(lock)
      ? settings((await textOf(project, draft, lock)) ?? "").get("provider")
      : undefined;
    if (locked !== undefined) draft.evidence.push(`${lock}: provider ${locked}`);
    const provider = locked ?? (await schemaProvider(project, draft, files, folder));
    claimed.push(...own);
    if (provider !== undefined && !/^postgres(?:ql)?$/.test(provider)) {
      leave(draft, files.includes(lock) ? lock : folder, `the provider is ${provider}, not postgresql`);
    } else {
      const listed = own.filter((file) => MIGRATION.exec(file)?.[1] === folder).toSorted(byName);
      for (const file of listed)
        await add(project, draft, "prisma", file, { name: posix.basename(posix.dirname(file)) });
      for (const file of own.filter((one) => !listed.includes(one)))
        leave(draft, file, "Prisma runs only <name>/migration.sql");
    }
    sets.push(...finish(draft, "prisma", folder));
  }
  // queries of TypedSQL lie beside the schema
  const queries = schemas.map((file) => `${posix.dirname(file)}/sql/`);
  claimed.push(...files.filter((file) => file.endsWith(".sql") && queries.some((folder) => file.startsWith(folder))));
  return { sets, claimed };
}
