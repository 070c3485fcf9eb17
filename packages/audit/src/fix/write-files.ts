/**
 * Puts new migrations where they belong. Must never replace a file: of what is there, only the tool's list of migrations is changed.
 */
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { NewFile } from "./migration-files.ts";
import type { Listing } from "./tools/form.ts";

/** What can be written: files, and those that belong to them. */
type Writable = Pick<NewFile, "file" | "text" | "beside">;

const all = (files: readonly Writable[]): { readonly file: string; readonly text: string }[] =>
  files.flatMap(({ file, text, beside }) => [{ file, text }, ...beside]);

/** The first name that is taken; undefined when all are free. */
export async function takenName(root: string, files: readonly Writable[]): Promise<string | undefined> {
  for (const { file } of all(files))
    if (
      await access(join(root, file)).then(
        () => true,
        () => false,
      )
    )
      return file;
  return undefined;
}

/**
 * Writes files, and their names into the list.
 * @returns what was written, relative to the project
 * @throws when a file is there already, or the list can't be read
 */
export async function writeFiles(
  root: string,
  files: readonly Writable[],
  listing: Listing | undefined,
  now: Date,
): Promise<string[]> {
  // read first: without its list nothing of it would run
  const list = listing === undefined ? "" : listing.added(await readFile(join(root, listing.file), "utf8"), now);
  const own = all(files);
  for (const { file, text } of own) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text, { flag: "wx" });
  }
  if (listing === undefined) return own.map(({ file }) => file);
  await writeFile(join(root, listing.file), list);
  return [...own.map(({ file }) => file), listing.file];
}
