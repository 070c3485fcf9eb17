/**
 * What every migration tool's file provides, and the few things they all do: read a file into a migration, or say why not.
 */
import { posix } from "node:path";
import type { Fragment, Migration, MigrationSet, MigrationTool, Unread } from "./migration.ts";
import type { Project } from "./project.ts";

/** Sets of one tool, and the files that belong to it though they are no migrations: nobody else shall take them for such. */
export interface Found {
  readonly sets: readonly MigrationSet[];
  readonly claimed: readonly string[];
}

/** A tool: looks at the files that no tool before it has claimed. */
export type Tool = (project: Project, files: readonly string[]) => Promise<Found>;

/** A set while it is put together. */
export interface Draft {
  readonly migrations: Migration[];
  readonly unread: Unread[];
  readonly evidence: string[];
}

/** How a file becomes fragments; by default its whole text is one. */
export interface ReadOptions {
  readonly name?: string;
  readonly transaction?: boolean;
  /** Undefined where the file is left in `unread`. */
  readonly fragments?: (text: string, draft: Draft) => readonly Fragment[] | undefined;
  /** Where the text decides. */
  readonly transactionOf?: (text: string) => boolean;
}

/** The text as one fragment. */
export const whole = (text: string): readonly Fragment[] => [{ sql: text, line: 1, offset: 0 }];

/** A stretch of a text as a fragment. */
export function stretch(text: string, start: number, end: number = text.length): Fragment {
  const before = text.slice(0, start);
  const line = before.split("\n").length;
  return { sql: text.slice(start, end), line, offset: start, column: start - before.lastIndexOf("\n") };
}

/** An empty draft. */
export const draftOf = (...evidence: string[]): Draft => ({ migrations: [], unread: [], evidence });

/** Says that a file is not read. */
export function leave(draft: Draft, file: string, reason: string, line = 1): void {
  draft.unread.push({ file, line, reason });
}

/** Reads a file's text into a draft's `unread` when that fails. */
export async function textOf(project: Project, draft: Draft, file: string): Promise<string | undefined> {
  const content = await project.read(file);
  if (content.text === null) leave(draft, file, content.reason);
  else if (content.note !== null) draft.evidence.push(`${file}: ${content.note}`);
  return content.text ?? undefined;
}

/** Adds a file as the next migration. */
export async function add(
  project: Project,
  draft: Draft,
  tool: MigrationTool,
  file: string,
  options: ReadOptions = {},
): Promise<void> {
  const text = await textOf(project, draft, file);
  if (text === undefined) return;
  const { name = posix.basename(file).replace(/\.\w+$/, ""), transactionOf = () => true, fragments = whole } = options;
  const { transaction = transactionOf(text) } = options;
  const read = fragments(text, draft);
  if (read !== undefined) draft.migrations.push({ name, tool, file, fragments: read, transaction });
}

/** A draft as a set, in a list: empty when there is nothing in it. */
export function finish(
  draft: Draft,
  tool: MigrationTool,
  folder: string,
  more: Partial<MigrationSet> = {},
): MigrationSet[] {
  if (draft.migrations.length === 0 && draft.unread.length === 0) return [];
  return [{ tool, folder: folder === "" ? "." : folder, ...draft, ...more }];
}

/** Files by the folder they lie in, folders in their order. */
export function byFolder(files: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const folder = posix.dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return folders;
}
