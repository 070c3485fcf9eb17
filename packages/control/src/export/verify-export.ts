/**
 * Computes an export's hashes and counts again from its files. Must never follow a link out of the folder, nor trust the manifest's own words
 * about a file.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { RowCounter } from "./count-rows.ts";
import { type ExportedTable, manifestFile, readManifest } from "./manifest.ts";

/** What was found. */
export interface ExportVerdict {
  readonly valid: boolean;
  readonly tenant: string;
  readonly snapshot: string;
  readonly tables: number;
  readonly rows: number;
  /** SHA-256 of the manifest: compare it with the one that the audit log has. */
  readonly sha256: string;
  /** What is wrong, file by file. */
  readonly problems: readonly string[];
}

/**
 * Verifies a folder.
 * @example const { valid, problems } = await verifyExport("acme-export");
 * @throws ControlError WT_EXPORT_INCOMPLETE, WT_CATALOG_INPUT
 */
export async function verifyExport(folder: string): Promise<ExportVerdict> {
  const { manifest, sha256 } = await readManifest(folder);
  const problems: string[] = [];
  for (const table of manifest.tables) problems.push(...(await problemsOf(folder, table)));
  const known = new Set([manifestFile, ...manifest.tables.map(({ file }) => file)]);
  for (const name of await readdir(folder)) if (!known.has(name)) problems.push(`${name}: not in the manifest`);
  return {
    valid: problems.length === 0,
    tenant: manifest.tenant,
    snapshot: manifest.snapshot.at,
    tables: manifest.tables.length,
    rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    sha256,
    problems,
  };
}

async function problemsOf(folder: string, { file, rows, bytes, sha256 }: ExportedTable): Promise<string[]> {
  const hash = createHash("sha256");
  const counter = new RowCounter();
  let size = 0;
  try {
    const handle = await open(join(folder, file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return [`${file}: not a file`];
      for await (const chunk of handle.createReadStream({ autoClose: false })) {
        hash.update(chunk as Buffer);
        counter.add(chunk as Buffer);
        size += (chunk as Buffer).length;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    return [`${file}: ${(error as NodeJS.ErrnoException).code ?? "unreadable"}`];
  }
  return [
    ...(hash.digest("hex") === sha256 ? [] : [`${file}: its hash is another one`]),
    ...(size === bytes ? [] : [`${file}: ${size} bytes, not ${bytes}`]),
    ...(counter.whole && counter.rows === rows ? [] : [`${file}: ${counter.rows} rows, not ${rows}`]),
  ];
}
