/**
 * The kit's SQL as it lies in the package: numbered files, applied once each, and one file per level, applied when it changes.
 * Must never change a text before its checksum is taken, except for line ends (a checkout on Windows).
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { quoteName } from "../db/quote.ts";
import type { RoleNames } from "./role-names.ts";

/** One SQL file of the package. */
export interface SqlFile {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

const folder = new URL("../../sql/", import.meta.url);

function load(path: string, number: number, name: string): SqlFile {
  const text = readFileSync(new URL(path, folder), "utf8").replaceAll("\r\n", "\n");
  return { number, name, text, checksum: createHash("sha256").update(text).digest("hex") };
}

/** The numbered files in order. */
export function numberedFiles(): SqlFile[] {
  return readdirSync(folder)
    .flatMap((file) => {
      const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
      return match ? [load(file, Number(match[1]), file.slice(0, -4))] : [];
    })
    .sort((a, b) => a.number - b.number);
}

/** Number of the newest file of this package. */
export function newestVersion(): number {
  return numberedFiles().at(-1)?.number ?? 0;
}

/** The file behind a level; `hostile` differs from `sealed` in the runtime only. */
export function levelFile(level: Level): SqlFile {
  const name = level === "plain" ? "plain" : "sealed";
  return load(`level/${name}.sql`, 0, name);
}

/** How much the database trusts the client; see docs/kit.md. */
export type Level = "plain" | "sealed" | "hostile";

/** Puts role names where the files hold psql variables such as `:"owner"`. */
export function fillRoles(text: string, roles: RoleNames): string {
  return text.replace(/(?<!:):"([a-z]+)"/g, (_, kind: keyof RoleNames) => quoteName(roles[kind]));
}
