/**
 * A release: the project's migrations as an immutable, ordered list with checksums, steps and locks. Pure. Must never be changed after it was
 * made, and never be told apart from another one by anything but its content.
 */
import { createHash } from "node:crypto";
import { MigrationError } from "../migration-error.ts";
import type { SourceMigration } from "./migration-reader.ts";
import { type Scope, type ScopeOptions, scopesOf } from "./scope.ts";
import { type Step, stepsOf } from "./steps.ts";

/** One migration of a release. */
export interface ReleaseFile {
  /** From 1, in the order in which they run. */
  readonly position: number;
  readonly name: string;
  readonly file: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly checksum: string;
  /** Digest of this checksum and all before it: two releases that agree here agree in everything up to here. */
  readonly chain: string;
  readonly scopes: readonly Scope[];
  readonly steps: readonly Step[];
}

/** An ordered list of migrations. */
export interface Release {
  /** Chain of the last file: the name of this content. */
  readonly id: string;
  readonly files: readonly ReleaseFile[];
}

/** What is remembered of a released file. */
export interface ReleasedFile {
  readonly position: number;
  readonly name: string;
  readonly file: string;
  readonly checksum: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * Makes a release of migrations that were read.
 * @throws MigrationError WT_MIGRATION_DUPLICATE, WT_MIGRATION_SCOPE, WT_MIGRATION_UNREADABLE, WT_MIGRATION_STATEMENT
 * @example const release = makeRelease(await readMigrations(process.cwd()));
 */
export function makeRelease(migrations: readonly SourceMigration[], options: ScopeOptions = {}): Release {
  const names = new Set<string>();
  const files: ReleaseFile[] = [];
  let chain = "";
  for (const migration of migrations) {
    const { name, file, text } = migration;
    if (names.has(name)) throw new MigrationError("WT_MIGRATION_DUPLICATE", { detail: `${name}: ${file}` });
    names.add(name);
    const scopes = scopesOf(file, text, options);
    // a checkout on Windows is the same release
    const checksum = sha256(text.replaceAll("\r\n", "\n"));
    chain = sha256(`${chain}${name}\n${checksum}\n`);
    files.push({
      position: files.length + 1,
      name,
      file,
      checksum,
      chain,
      scopes,
      steps: stepsOf(migration, scopes),
    });
  }
  return { id: chain.slice(0, 16), files };
}

/** The files that run in a target of this scope. */
export function filesFor(release: Release, scope: Scope): readonly ReleaseFile[] {
  return release.files.filter(({ scopes }) => scopes.includes(scope));
}

/**
 * Refuses a release that does not agree with what was released before.
 * @throws MigrationError WT_MIGRATION_EDITED, WT_MIGRATION_MISSING, WT_MIGRATION_ORDER
 */
export function refuseChanges(release: Release, released: readonly ReleasedFile[]): void {
  const now = new Map(release.files.map((each) => [each.name, each]));
  for (const before of released) {
    const file = now.get(before.name);
    if (file === undefined)
      throw new MigrationError("WT_MIGRATION_MISSING", { detail: before.file, facts: { file: before.file } });
    if (file.checksum !== before.checksum) throw edited(file, before.checksum);
  }
  const last = Math.max(0, ...released.map(({ name }) => now.get(name)!.position));
  const known = new Set(released.map(({ name }) => name));
  const late = release.files.find(({ name, position }) => position < last && !known.has(name));
  if (late !== undefined)
    throw new MigrationError("WT_MIGRATION_ORDER", { detail: late.file, facts: { file: late.file } });
}

/** The error of a file that is not what ran. */
export function edited(file: { readonly file: string; readonly checksum: string }, released: string): MigrationError {
  return new MigrationError("WT_MIGRATION_EDITED", {
    detail: `${file.file}: released as ${released}, is ${file.checksum}`,
    facts: { file: file.file, released, found: file.checksum },
  });
}
