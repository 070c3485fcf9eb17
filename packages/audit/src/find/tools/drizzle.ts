/**
 * Drizzle: the out folder with meta/_journal.json, whose entries are the order; since 1.0 <name>/migration.sql beside snapshot.json. Statements
 * are divided by `--> statement-breakpoint`, with or without a semicolon.
 */
import { posix } from "node:path";
import type { Fragment } from "../migration.ts";
import { byName } from "../order.ts";
import type { Project } from "../project.ts";
import { add, type Draft, draftOf, finish, type Found, leave, stretch, textOf } from "../tool.ts";

const BREAKPOINT = /-->\s*statement-breakpoint/g;
const POSTGRES = /^(?:pg|postgres|postgresql)$/;

interface Journal {
  readonly dialect?: string;
  readonly entries?: readonly { readonly tag: string }[];
}

function journalOf(text: string | undefined): Journal | undefined {
  const journal = parseJson(text) as Journal | null | undefined;
  const entries = journal?.entries;
  return Array.isArray(entries) && entries.every((entry) => typeof entry?.tag === "string")
    ? (journal ?? undefined)
    : undefined;
}

/** Each part between breakpoints runs on its own. */
function parts(text: string): readonly Fragment[] {
  const fragments: Fragment[] = [];
  let from = 0;
  for (const { index, 0: mark } of text.matchAll(BREAKPOINT)) {
    fragments.push(stretch(text, from, index));
    from = index + mark.length;
  }
  return [...fragments, stretch(text, from)];
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function journaled(
  project: Project,
  draft: Draft,
  folder: string,
  journal: Journal,
  own: readonly string[],
): Promise<void> {
  const tags = (journal.entries ?? []).map(({ tag }) => tag);
  for (const tag of tags) await add(project, draft, "drizzle", `${folder}/${tag}.sql`, { name: tag, fragments: parts });
  for (const file of own.filter((one) => posix.dirname(one) === folder && !tags.includes(posix.basename(one, ".sql"))))
    leave(draft, file, "not in the journal: Drizzle does not run it");
}

/** Finds every out folder. */
export async function drizzle(project: Project, files: readonly string[]): Promise<Found> {
  const sets = [];
  const claimed: string[] = [];
  const ownOf = (folder: string): string[] =>
    files.filter((file) => file.startsWith(`${folder}/`) && file.endsWith(".sql"));
  for (const file of files.filter((one) => one.endsWith("/meta/_journal.json") || one === "meta/_journal.json")) {
    const folder = posix.dirname(posix.dirname(file));
    const draft = draftOf(`${file} is Drizzle's journal`);
    const own = folder === "." ? files.filter((one) => one.endsWith(".sql") && !one.includes("/")) : ownOf(folder);
    const text = await textOf(project, draft, file);
    const journal = journalOf(text);
    if (journal === undefined) {
      if (text !== undefined) leave(draft, file, "the journal is no JSON with entries: the order is not known");
    } else if (journal.dialect !== undefined && !POSTGRES.test(journal.dialect))
      leave(draft, file, `the dialect is ${journal.dialect}, not postgresql`);
    else await journaled(project, draft, folder, journal, own);
    sets.push(...finish(draft, "drizzle", folder));
    claimed.push(...own);
  }

  const configs = files.filter((file) => /(?:^|[/.])drizzle\.config\.\w+$/.test(file));
  for (const file of configs) {
    const draft = draftOf(`${file} is Drizzle's configuration`);
    const text = (await textOf(project, draft, file)) ?? "";
    const out = /\bout\s*:\s*["'`]([^"'`$]+)["'`]/.exec(text)?.[1] ?? "drizzle";
    const dialect = /\bdialect\s*:\s*["'`](\w+)["'`]/.exec(text)?.[1];
    const folder = posix.join(posix.dirname(file), out).replace(/\/$/, "");
    const own = ownOf(folder).filter((one) => !claimed.includes(one));
    const folders = own.filter(
      (one) => posix.basename(one) === "migration.sql" && posix.dirname(posix.dirname(one)) === folder,
    );
    if (own.length === 0) continue;
    if (dialect !== undefined && !POSTGRES.test(dialect))
      leave(draft, file, `the dialect is ${dialect}, not postgresql`);
    else {
      for (const one of folders.toSorted(byName))
        await add(project, draft, "drizzle", one, { name: posix.basename(posix.dirname(one)), fragments: parts });
      if (folders.length === 0)
        for (const one of own) leave(draft, one, "no journal beside it: Drizzle does not run it");
    }
    sets.push(...finish(draft, "drizzle", folder));
    claimed.push(...own);
  }
  return { sets, claimed };
}
