/**
 * Reads the SQL of a stand-in, which lies beside the package's code.
 */
import { readFile } from "node:fs/promises";

/** Text of a file below sql/; undefined when there is none. */
export async function sqlFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(new URL(`../../../sql/${path}`, import.meta.url), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
