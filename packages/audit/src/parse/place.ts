/**
 * From offsets in a text to lines and columns, both counted from 1, columns in UTF-16 units as editors and SARIF do.
 */
import type { Fragment } from "../find/migration.ts";
import type { Place, ParsedStatement } from "../history/statement.ts";

/** Finds the line of rising offsets by walking on, of others by starting again. */
export function placer(file: string, fragment: Fragment): (offset: number) => Place {
  const { sql } = fragment;
  let line = 0;
  let lineStart = 0;
  return (offset) => {
    if (offset < lineStart) line = lineStart = 0;
    for (let next = sql.indexOf("\n", lineStart); next >= 0 && next < offset; next = sql.indexOf("\n", lineStart)) {
      line += 1;
      lineStart = next + 1;
    }
    const shift = line === 0 ? (fragment.column ?? 1) : 1;
    return {
      file: fragment.file ?? file,
      line: fragment.lines?.[line] ?? fragment.line + line,
      column: offset - lineStart + shift,
    };
  };
}

/** The place of a node of a statement's tree, by its `location` (a byte offset in the statement's text). */
export function placeOf(statement: ParsedStatement, location: number | undefined): Place {
  if (location === undefined || location <= 0) return statement.place;
  const before = Buffer.from(statement.text).subarray(0, location).toString();
  const lineStart = before.lastIndexOf("\n") + 1;
  const lines = lineStart === 0 ? 0 : before.split("\n").length - 1;
  const { file, line, column } = statement.place;
  return { file, line: line + lines, column: before.length - lineStart + (lines === 0 ? column : 1) };
}
