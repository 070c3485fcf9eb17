/**
 * The files of a project, as far as a migration tool could care. Must never write, and never read a file outside of the project, whatever a
 * link says.
 */
import * as fs from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { glob } from "tinyglobby";
import { decode, type FileText } from "./decode.ts";
import type { Unread } from "./migration.ts";

/** Largest file that is read, in bytes. A migration of this size is data, and would not fit the memory limit. */
export const LARGEST_FILE: number = 50 * 1024 * 1024;

/** All files that are read, in bytes: their texts stay in memory until they are parsed. */
const LARGEST_TOTAL: number = 100 * 1024 * 1024;

const ignored = [
  "node_modules",
  "bower_components",
  "vendor",
  "dist",
  "build",
  "coverage",
  "target",
  ".git",
  ".hg",
  ".svn",
  ".next",
  ".nuxt",
  ".output",
  ".svelte-kit",
  ".turbo",
  ".cache",
  ".yarn",
  ".pnpm-store",
  ".venv",
  "venv",
  "__pycache__",
  ".terraform",
  ".watertight",
];
const patterns = [
  "**/*.sql",
  "**/{migrations,migration,migrate,Migrations,Migration}/**/*.{ts,js,mts,mjs,cts,cjs,java}",
  "**/*{-,_}{migrations,migration}/**/*.{ts,js,mts,mjs,cts,cjs}",
  "**/{_journal.json,migration_lock.toml,*.prisma,drizzle.config.*,*.drizzle.config.*,knexfile.*,package.json,sqitch.plan,sqitch.conf,.gmrc,.gmrc.*}",
  "**/{flyway*.conf,flyway*.toml,application*.properties,*.sql.conf}",
  "**/supabase/config.toml",
];

/** What tools may ask of a project. Paths are relative to it, with forward slashes. */
export interface Project {
  /** In code unit order. */
  readonly files: readonly string[];
  /** Folders and links that could not be looked into. */
  readonly problems: readonly Unread[];
  read(file: string): Promise<FileText>;
}

/** Why the file system refused, in words for a person. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "no permission to read it";
    case "ENOENT":
      return "not found";
    case "ELOOP":
      return "links that lead to each other";
    case "EISDIR":
      return "a folder, not a file";
    default:
      return `it can't be read (${typeof code === "string" ? code : String(error)})`;
  }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

/** Whether a path leads out of `root`; both resolved. */
function outside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way);
}

/** Bytes that were read so far. */
interface Total {
  bytes: number;
  /** The decision before: files are read side by side, but which of them is one too many must not depend on the disk. */
  turn: Promise<unknown>;
}

async function readText(root: string, file: string, anywhere: boolean, total: Total): Promise<FileText> {
  const decision = total.turn.then(() => mayRead(root, file, anywhere, total));
  total.turn = decision.catch(() => undefined);
  try {
    const { path, refusal } = await decision;
    return refusal === undefined ? decode(await readFile(path)) : { text: null, reason: refusal };
  } catch (error) {
    return { text: null, reason: reasonOf(error) };
  }
}

async function mayRead(
  root: string,
  file: string,
  anywhere: boolean,
  total: Total,
): Promise<{ readonly path: string; readonly refusal?: string }> {
  const path = await realpath(join(root, file));
  const refuse = (refusal: string): { path: string; refusal: string } => ({ path, refusal });
  if (!anywhere && outside(root, path)) return refuse("a link that leads outside of the project");
  const facts = await stat(path);
  if (facts.isDirectory()) return refuse("a folder, not a file");
  if (!facts.isFile()) return refuse("not a regular file");
  if (facts.size > LARGEST_FILE)
    return refuse(`too large: ${mebibytes(facts.size)}, at most ${mebibytes(LARGEST_FILE)} are read`);
  if (total.bytes + facts.size > LARGEST_TOTAL)
    return refuse(
      `the files read before it hold ${mebibytes(total.bytes)}, at most ${mebibytes(LARGEST_TOTAL)} are read`,
    );
  total.bytes += facts.size;
  return { path };
}

/** Links met while crawling, which the crawl itself does not follow: a link may lead to the root of the disk. */
async function followed(root: string, links: readonly string[]): Promise<{ files: string[]; problems: Unread[] }> {
  const files: string[] = [];
  const problems: Unread[] = [];
  for (const path of links) {
    const file = relative(root, path).split(sep).join("/");
    const named = file.endsWith(".sql");
    try {
      const target = await realpath(path);
      if ((await stat(target)).isDirectory()) {
        const away =
          outside(root, target) && /migrat|sql|db|database|supabase|prisma|drizzle|schema|deploy/i.test(file);
        if (away) problems.push({ file, line: 1, reason: "a link to a folder outside of the project, not followed" });
      } else if (named) files.push(file);
    } catch {
      if (named) files.push(file);
    }
  }
  return { files, problems };
}

const escapeGlob = (path: string): string => path.replaceAll(/[\\()[\]{}!*?@+|]/g, String.raw`\$&`);

/** Lists a project, or the parts of it that `paths` name. */
export async function openProject(root: string, paths: readonly string[] = []): Promise<Project> {
  const base = await realpath(root);
  const links: string[] = [];
  const problems: Unread[] = [];
  const readdir = (
    path: string,
    options: { withFileTypes: true },
    done: (error: Error | null, found: fs.Dirent[]) => void,
  ): void => {
    fs.readdir(path, options, (error, found) => {
      const here = relative(base, path).split(sep).join("/");
      if (error !== null)
        problems.push({ file: here === "" ? "." : here, line: 1, reason: `a folder: ${reasonOf(error)}` });
      else links.push(...found.filter((entry) => entry.isSymbolicLink()).map((entry) => join(path, entry.name)));
      done(error, found);
    });
  };
  const wanted = paths.map((path) =>
    relative(base, isAbsolute(path) ? path : join(base, path))
      .split(sep)
      .join("/"),
  );
  // programs are looked for in folders of migrations, or wherever the user points
  const programs = wanted
    .filter((path) => path !== "")
    .map((path) => `${escapeGlob(path)}/**/*.{ts,js,mts,mjs,cts,cjs}`);
  const listed = await glob([...patterns, ...programs], {
    cwd: base,
    dot: true,
    expandDirectories: false,
    followSymbolicLinks: false,
    // a folder that the user names is meant
    ignore: ignored
      .filter((folder) => !wanted.some((path) => path.split("/").includes(folder)))
      .map((folder) => `**/${escapeGlob(folder)}/**`),
    fs: { readdir: readdir as typeof fs.readdir },
  });
  const linked = await followed(base, links);
  const within = (file: string): boolean =>
    wanted.length === 0 || wanted.some((path) => path === "" || file === path || file.startsWith(`${path}/`));
  const files = [...new Set([...listed, ...linked.files])].filter(within).toSorted((a, b) => (a < b ? -1 : 1));
  const cache = new Map<string, Promise<FileText>>();
  const total: Total = { bytes: 0, turn: Promise.resolve() };
  for (const path of wanted.filter(
    (one) => one !== "" && !files.some((file) => file === one || file.startsWith(`${one}/`)),
  ))
    problems.push({ file: path, line: 1, reason: "no migration found there" });
  return {
    files,
    problems: [...problems, ...linked.problems],
    read: (file) => {
      const text = cache.get(file) ?? readText(base, file, false, total);
      cache.set(file, text);
      return text;
    },
  };
}

/** Reads a file that the user named, which may lie anywhere. */
export async function readNamed(
  root: string,
  path: string,
  total: Total,
): Promise<{ file: string; content: FileText }> {
  const base = await realpath(root);
  const way = relative(base, isAbsolute(path) ? path : join(base, path));
  return { file: way.split(sep).join("/"), content: await readText(base, way, true, total) };
}
