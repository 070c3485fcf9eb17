/**
 * Files that psql scripts include: read here, put in by the parser, which knows the variables and branches of the script.
 */
import { INCLUDE_LINES, includeCandidates } from "../parse/includes.ts";
import type { MigrationSet } from "./migration.ts";
import type { Project } from "./project.ts";

const MOST_FILES = 500;

interface Text {
  readonly file: string;
  readonly text: string;
}

/** The set with every file of the project that its texts, or these files, may include. */
export async function readIncluded(project: Project, set: MigrationSet): Promise<MigrationSet> {
  const included: Record<string, string> = {};
  const unread = [...set.unread];
  const texts: Text[] = set.migrations.flatMap(({ file, fragments }) =>
    fragments.map(({ sql, file: own = file }) => ({ file: own, text: sql })),
  );
  for (
    let text = texts.shift();
    text !== undefined && Object.keys(included).length < MOST_FILES;
    text = texts.shift()
  ) {
    if (!/\\i/.test(text.text)) continue;
    for (const [, command = "", quoted, bare] of text.text.matchAll(INCLUDE_LINES)) {
      const relative = /r$|relative$/.test(command);
      for (const path of includeCandidates(quoted ?? bare ?? "", relative, text.file, set.folder)) {
        if (included[path] !== undefined) continue;
        const content = await project.read(path);
        if (content.text !== null) {
          included[path] = content.text;
          texts.push({ file: path, text: content.text });
        } else if (content.reason !== "not found" && !unread.some(({ file }) => file === path))
          unread.push({ file: path, line: 1, reason: content.reason });
      }
    }
  }
  return Object.keys(included).length === 0 && unread.length === set.unread.length ? set : { ...set, unread, included };
}
