/**
 * Files that pg_dump wrote as SQL: a whole schema in one file, each a set of its own.
 */
import { posix } from "node:path";
import type { Project } from "../project.ts";
import { add, draftOf, finish, type Found } from "../tool.ts";

/** Whether pg_dump or pg_dumpall wrote a text. */
export const isDump = (text: string): boolean =>
  /^-- PostgreSQL database (?:cluster )?dump\r?$/m.test(text.slice(0, 1000));

/** Finds dumps by their first lines. */
export async function pgDump(project: Project, files: readonly string[]): Promise<Found> {
  const sets = [];
  const claimed: string[] = [];
  for (const file of files.filter((one) => one.endsWith(".sql"))) {
    const { text } = await project.read(file);
    if (text === null || !isDump(text)) continue;
    const draft = draftOf("written by pg_dump");
    await add(project, draft, "pg_dump", file, { name: posix.basename(file), transaction: false });
    sets.push(...finish(draft, "pg_dump", file));
    claimed.push(file);
  }
  return { sets, claimed };
}
