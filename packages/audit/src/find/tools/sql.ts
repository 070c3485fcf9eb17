/**
 * Plain folders of SQL, for what no tool has claimed: by path, numbers as numbers. Seeds, tests and queries of the application are no
 * migrations.
 */
import { posix } from "node:path";
import { byNumberedPath } from "../order.ts";
import type { Project } from "../project.ts";
import { knownSections } from "../sections.ts";
import { add, type Draft, draftOf, finish, type Found } from "../tool.ts";
import { counted } from "../../words/counted.ts";

const MIGRATIONS = /^(?:.*[-_])?(?:migrations?|migrate)$/i;
const DATABASE = /^(?:sql|db|database|schemas?|ddl|postgres(?:ql)?|pg|init|initdb|docker-entrypoint-initdb\.d)$/i;
const ASIDE =
  /(?:^|[/._-])(?:seeds?|seeders?|fixtures?|mocks?|quer(?:y|ies)|samples?|testdata|down|rollbacks?|reverts?|undo|teardown)(?=[/._-]|$)/i;
/** Queries of an application have words like these only in names and comments. */
const DEFINES =
  /\b(?:create|alter)\s+(?:\w+\s+){0,3}?(?:table|view|function|procedure|policy|role|user|schema|type|domain|index|trigger|extension|sequence|database|publication|rule|privileges)\b|\b(?:grant|revoke)\s+[\w\s,]+?\b(?:on|to|from)\b/i;

/**
 * The folder that a file belongs to. Numbered folders within (Diesel's 2024-01-01_name/up.sql) are steps of one set; others are sets of their own,
 * below a migrations folder, and parts of one below a folder like db/.
 */
function folderOf(file: string): string {
  const parts = posix.dirname(file).split("/");
  const nearest = parts.findLastIndex((part) => MIGRATIONS.test(part));
  if (nearest >= 0) {
    const own = parts.findIndex((part, i) => i > nearest && /^\d/.test(part));
    return parts.slice(0, own < 0 ? undefined : own).join("/");
  }
  const top = parts.findIndex((part) => DATABASE.test(part));
  return (top < 0 ? parts : parts.slice(0, top + 1)).join("/");
}

/** Of the folder, where that says which migration it is. */
function nameOf(file: string): string {
  const name = posix.basename(file, ".sql");
  return name === "up" || name === "migration" ? posix.basename(posix.dirname(file)) : name;
}

async function read(project: Project, draft: Draft, files: readonly string[], folder: string): Promise<void> {
  const within = (file: string): string => file.slice(folder === "." ? 0 : folder.length + 1);
  const aside = files.filter((file) => ASIDE.test(within(file)));
  const kept = files.filter((file) => !aside.includes(file));
  for (const file of kept.toSorted((a, b) => byNumberedPath(within(a), within(b))))
    await add(project, draft, "sql", file, { name: nameOf(file), fragments: knownSections });
  if (aside.length > 0)
    draft.evidence.push(
      `no migrations by their names: ${aside.slice(0, 3).join(", ")}${aside.length > 3 ? ` and ${aside.length - 3} more` : ""}`,
    );
}

/** Finds every folder whose SQL defines something. */
export function sql(project: Project, files: readonly string[]): Promise<Found> {
  return inFolders(project, files, false);
}

/** The same, whatever the SQL says: where nothing was found, what is there may be migrations whose statements are all misspelt. */
export function anySql(project: Project, files: readonly string[]): Promise<Found> {
  return inFolders(project, files, true);
}

async function inFolders(project: Project, files: readonly string[], any: boolean): Promise<Found> {
  const folders = new Map<string, string[]>();
  for (const file of files.filter((one) => one.endsWith(".sql"))) {
    const folder = folderOf(file);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  const sets = [];
  for (const [folder, own] of folders) {
    const draft = draftOf(`${counted(own.length, "SQL file")}, by name, numbers as numbers`);
    await read(project, draft, own, folder);
    const defines = draft.migrations.some(({ fragments }) => fragments.some((fragment) => DEFINES.test(fragment.sql)));
    if (any || defines || draft.migrations.length === 0) sets.push(...finish(draft, "sql", folder));
  }
  return { sets, claimed: [] };
}
