/**
 * Drizzle: numbered files, and its journal with new entries at the end; since 1.0 a folder each, without a journal. All that is pending runs in one
 * transaction.
 */
import { posix } from "node:path";
import type { MigrationSet } from "../../find/migration.ts";
import { counted, stamped } from "../numbering.ts";
import type { Body, Listing, ToolForm } from "./form.ts";

const text = ({ statements }: Body): string => `${statements.join("\n--> statement-breakpoint\n")}\n`;

/** The form of a folder with a journal, or of folders. */
export function drizzleForm(set: MigrationSet, now: Date): ToolForm {
  const last = set.migrations.at(-1)?.file ?? "";
  const folder = posix.dirname(last);
  if (posix.basename(last) === "migration.sql")
    return {
      outside: "never",
      write: (bodies) =>
        bodies.map((body, at) => ({
          file: `${posix.dirname(folder)}/${stamped(set, now)(at)}_${body.words}/migration.sql`,
          text: text(body),
        })),
    };
  return {
    outside: "never",
    write: (bodies) =>
      bodies.map((body, at) => ({
        file: `${folder}/${counted(set)(at).padStart(4, "0")}_${body.words}.sql`,
        text: text(body),
      })),
    listing: (files) => journal(folder, files),
  };
}

const journal = (folder: string, files: readonly string[]): Listing => ({
  file: posix.join(folder, "meta/_journal.json"),
  added(text, now) {
    const value = JSON.parse(text) as {
      version?: string;
      entries: { idx: number; version?: string; when: number; breakpoints?: boolean }[];
    };
    const last = value.entries.at(-1);
    const entries = files.map((file, at) => ({
      idx: (last?.idx ?? -1) + 1 + at,
      version: last?.version ?? value.version,
      // Drizzle runs what is newer than the last entry that it ran.
      when: Math.max(now.getTime(), (last?.when ?? 0) + 1) + at,
      tag: posix.basename(file, ".sql"),
      breakpoints: last?.breakpoints ?? true,
    }));
    return `${JSON.stringify({ ...value, entries: [...value.entries, ...entries] }, null, 2)}\n`;
  },
});
