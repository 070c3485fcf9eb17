/**
 * dbmate: <digits>…sql in the order of names, with a part for each direction in every file and options on the marker's line.
 */
import { posix } from "node:path";
import { byName } from "../order.ts";
import type { Project } from "../project.ts";
import { strictUp } from "../sections.ts";
import { add, byFolder, draftOf, finish, type Found, leave } from "../tool.ts";

const markers = { up: /^--\s*migrate:up(?:[ \t].*)?$/m, down: /^--\s*migrate:down(?:[ \t].*)?$/m };

/** Finds folders in which a file has dbmate's marker. */
export async function dbmate(project: Project, files: readonly string[]): Promise<Found> {
  const sets = [];
  const claimed: string[] = [];
  for (const [folder, own] of byFolder(files.filter((file) => file.endsWith(".sql")))) {
    const numbered = own.filter((file) => /^\d/.test(posix.basename(file)));
    const texts = await Promise.all(numbered.map((file) => project.read(file)));
    if (!texts.some(({ text }) => text !== null && markers.up.test(text))) continue;
    const draft = draftOf("-- migrate:up in a file: dbmate");
    for (const file of numbered.toSorted(byName))
      await add(project, draft, "dbmate", file, {
        fragments: strictUp(markers, file, "dbmate"),
        transactionOf: (text) => !/transaction:false/.test(markers.up.exec(text)?.[0] ?? ""),
      });
    for (const file of own.filter((one) => !numbered.includes(one)))
      leave(draft, file, "dbmate runs only names that begin with a digit");
    sets.push(...finish(draft, "dbmate", folder));
    claimed.push(...own);
  }
  return { sets, claimed };
}
