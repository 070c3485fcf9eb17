/**
 * Quoting: the only way in which a name or a value gets into SQL text. Must never guess: every name is quoted, also where
 * PostgreSQL would not need it, because a keyword of version 18 may be a plain name on 15.
 */
import { kitError } from "../errors/kit-error.ts";

/** A name as an SQL identifier. */
export function quoteName(name: string): string {
  if (name === "" || name.includes("\0"))
    throw kitError("WT_KIT_NAME", { detail: "an SQL name is empty or holds a NUL" });
  return `"${name.replaceAll('"', '""')}"`;
}

/** Schema and name as a qualified identifier. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

/** A text as an SQL literal, good whatever standard_conforming_strings says. */
export function quoteText(value: string): string {
  const doubled = value.replaceAll("'", "''");
  return doubled.includes("\\") ? `E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}
