/**
 * Which migrations are missing in a target, and what of them may share a transaction. Pure. Must never trust a position alone: what ran is
 * compared by its checksum.
 */
import { edited, filesFor, type Release, type ReleaseFile } from "../release/release.ts";
import { readVersion } from "../release/schema-version.ts";
import { scopeOf, type Target } from "../target.ts";
import type { LedgerEntry } from "./ledger.ts";

/** Whole migrations in one transaction, or one migration step by step from where it stopped. */
export type Unit =
  | { readonly kind: "together"; readonly migrations: readonly ReleaseFile[] }
  | { readonly kind: "steps"; readonly migration: ReleaseFile; readonly done: number; readonly running: number | null };

/** How far a target is, as its fence row says. */
export type Standing = "current" | "behind" | "unknown";

/** Judges a schema version: current, behind on this very list, or something that only the ledger can tell. */
export function standingOf(release: Release, version: string | null | undefined): Standing {
  const read = readVersion(version);
  if (read === undefined || read.position > release.files.length) return "unknown";
  if (read.position > 0 && !release.files[read.position - 1]!.chain.startsWith(read.mark)) return "unknown";
  if (read.position > 0 && read.mark === "") return "unknown";
  return read.position === release.files.length ? "current" : "behind";
}

/** What is missing behind a schema version that is known to be good. */
export function missingAfter(release: Release, target: Target, version: string): ReleaseFile[] {
  const { position } = readVersion(version)!;
  return filesFor(release, scopeOf(target.model)).filter((file) => file.position > position);
}

/**
 * What is missing by the ledger.
 * @throws MigrationError WT_MIGRATION_EDITED
 */
export function missingIn(release: Release, target: Target, ledger: readonly LedgerEntry[]): ReleaseFile[] {
  const entries = new Map(ledger.map((entry) => [entry.name, entry]));
  return filesFor(release, scopeOf(target.model)).filter((file) => {
    const entry = entries.get(file.name);
    if (entry !== undefined && entry.checksum !== file.checksum) throw edited(file, entry.checksum);
    return entry?.state !== "applied";
  });
}

/** Rows that were changed may have triggers pending that refuse a later ALTER (55006); a new enum value wants a COMMIT before it is used. */
const ownTransaction = ({ steps }: ReleaseFile): boolean =>
  steps.some(
    (step) => step.kind === "transaction" && step.statements.some(({ rows, type }) => rows || type === "AlterEnumStmt"),
  );

const isSimple = ({ steps }: ReleaseFile): boolean =>
  steps.length <= 1 && steps.every(({ kind }) => kind === "transaction");

/** Joins what is missing into as few transactions as are safe. */
export function unitsOf(missing: readonly ReleaseFile[], ledger: readonly LedgerEntry[]): Unit[] {
  const entries = new Map(ledger.map((entry) => [entry.name, entry]));
  const units: Unit[] = [];
  let open: ReleaseFile[] = [];
  const close = (): void => {
    if (open.length > 0) units.push({ kind: "together", migrations: open });
    open = [];
  };
  for (const migration of missing) {
    const entry = entries.get(migration.name);
    if (entry === undefined && isSimple(migration)) {
      if (ownTransaction(migration)) close();
      open.push(migration);
      if (ownTransaction(migration)) close();
      continue;
    }
    close();
    units.push({ kind: "steps", migration, done: entry?.stepsDone ?? 0, running: entry?.running ?? null });
  }
  close();
  return units;
}

/** How far the target is once everything before `next` is done; the end of the release where nothing is left. */
export function positionBefore(release: Release, next: ReleaseFile | undefined): number {
  return next === undefined ? release.files.length : next.position - 1;
}
