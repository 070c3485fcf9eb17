/**
 * What an export says about itself. The manifest is written last and in one step, so that a folder has one only when everything else is
 * there. Must never lead a reader out of the folder: names of files are made here, from numbers and plain letters.
 */
import { createHash } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Model } from "../catalog/tenants.ts";
import { controlError } from "../errors/control-error.ts";

/** One column of an exported table. */
export interface ExportedColumn {
  readonly name: string;
  /** As PostgreSQL writes it. */
  readonly type: string;
  /** Its value is computed by the table; an import leaves it out. */
  readonly generated: boolean;
}

/** One table and its file. */
export interface ExportedTable {
  readonly schema: string;
  readonly name: string;
  /** A table that all tenants share, exported because it was asked for. */
  readonly shared: boolean;
  readonly file: string;
  readonly columns: readonly ExportedColumn[];
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** A table that is not in the export. */
export interface LeftOutTable {
  readonly table: string;
  readonly why: string;
}

/** The manifest. */
export interface ExportManifest {
  readonly format: "watertight-export";
  readonly formatVersion: 1;
  readonly tool: string;
  readonly tenant: string;
  readonly slug: string;
  readonly model: Model;
  readonly service: string;
  readonly schemaVersion: number;
  /** All tables are as they were at this one moment. */
  readonly snapshot: { readonly at: string; readonly id: string };
  readonly tables: readonly ExportedTable[];
  readonly leftOut: readonly LeftOutTable[];
}

/** Its file. */
export const manifestFile = "manifest.json";
/** There while an export runs, and for good where one was not finished. */
export const unfinishedFile = "UNFINISHED";

const dataFile = /^[0-9]{4,6}_[a-z0-9_.-]{1,80}\.csv$/;

/** The file of a table: a number, then something of its name for people. */
export function fileOf(position: number, schema: string, name: string): string {
  const readable = `${schema}.${name}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.-]+/g, "_")
    .slice(0, 80);
  return `${String(position + 1).padStart(4, "0")}_${readable}.csv`;
}

/** Writes the manifest, whole or not at all. @returns its SHA-256 */
export async function writeManifest(folder: string, manifest: ExportManifest): Promise<string> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const fresh = join(folder, `${manifestFile}.new`);
  const file = await open(fresh, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  // the mark goes first: whoever dies between the two leaves no manifest, which says the same
  await rm(join(folder, unfinishedFile), { force: true });
  await rename(fresh, join(folder, manifestFile));
  return createHash("sha256").update(text).digest("hex");
}

/** Reads a manifest that anybody may have written. @throws ControlError WT_EXPORT_INCOMPLETE, WT_CATALOG_INPUT */
export async function readManifest(folder: string): Promise<{ manifest: ExportManifest; sha256: string }> {
  let text: string;
  try {
    text = await readFile(join(folder, manifestFile), "utf8");
  } catch (error) {
    throw controlError("WT_EXPORT_INCOMPLETE", { detail: (error as NodeJS.ErrnoException).code, cause: error });
  }
  return { manifest: parse(text), sha256: createHash("sha256").update(text).digest("hex") };
}

function parse(text: string): ExportManifest {
  const wrong = (why: string): Error => controlError("WT_CATALOG_INPUT", { detail: `manifest: ${why}` });
  let manifest: ExportManifest;
  try {
    manifest = JSON.parse(text) as ExportManifest;
  } catch {
    throw wrong("no JSON");
  }
  if (manifest?.format !== "watertight-export" || manifest.formatVersion !== 1 || !Array.isArray(manifest.tables))
    throw wrong("of another kind or version");
  for (const { file, rows, bytes, sha256 } of manifest.tables)
    if (
      !dataFile.test(file) ||
      file.includes("..") ||
      !Number.isSafeInteger(rows) ||
      !Number.isSafeInteger(bytes) ||
      !/^[0-9a-f]{64}$/.test(sha256)
    )
      throw wrong(`table ${manifest.tables.findIndex((each) => each.file === file) + 1}`);
  return manifest;
}
