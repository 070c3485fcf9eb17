/**
 * Where psql would look for a file that \i or \ir names. Shared by the finder, which reads these files, and the parser, which puts them in.
 */
import { posix } from "node:path";

/** A line that includes a file, as a search that may find too much. */
export const INCLUDE_LINES: RegExp = /^[ \t]*\\(i|ir|include|include_relative)[ \t]+(?:'([^'\n]+)'|([^\s'\\]+))/gm;

/** Paths relative to the project, the likeliest first. Empty for a path that leads outside. `\i` starts where psql was started. */
export function includeCandidates(path: string, relative: boolean, file: string, folder: string): string[] {
  if (path.startsWith("/") || path.startsWith("~") || /^[a-z]:/i.test(path)) return [];
  const own = posix.dirname(file);
  const bases = relative ? [own] : [".", folder, own];
  const paths = bases.map((base) => posix.normalize(posix.join(base, path)));
  return [...new Set(paths)].filter((candidate) => candidate !== ".." && !candidate.startsWith("../"));
}
