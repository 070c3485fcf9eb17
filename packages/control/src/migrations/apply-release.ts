/**
 * A release on its way: the files are checked for leaks, compared with what was released before, remembered, and only then run. Nothing is sent to
 * any target before all of that has passed.
 */
import { MigrationError } from "./migration-error.ts";
import { refuseChanges, type Release, type ReleaseFile } from "./release/release.ts";
import { runWaves, type WaveOptions, type WaveResult } from "./waves/run-waves.ts";

/** What speaks against a release: a finding of `watertight check` at error level. */
export interface ReleaseFinding {
  /** For example B4. */
  readonly id: string;
  readonly severity: string;
  /** What it was found on. */
  readonly target: string;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** Judges the files of a release; the command line passes the audit's `check`. An empty answer lets it through. */
export type CheckRelease = (files: readonly ReleaseFile[]) => Promise<readonly ReleaseFinding[]>;

/** How to release. */
export interface ReleaseOptions extends WaveOptions {
  readonly checkRelease: CheckRelease;
}

/**
 * Checks, remembers and runs a release.
 * @throws MigrationError WT_MIGRATION_LEAK (the findings are in `facts`), WT_MIGRATION_EDITED, WT_MIGRATION_MISSING, WT_MIGRATION_ORDER, and those of
 * runWaves
 * @example await applyRelease({ targets, release, store, checkRelease });
 */
export async function applyRelease(options: ReleaseOptions): Promise<WaveResult> {
  const { release, store, checkRelease } = options;
  refuseChanges(release, await store.released());
  refuseLeaks(release, await checkRelease(release.files));
  // after the check: what was refused is not released, and may be edited
  await store.addReleased(
    release.files.map(({ name, position, file, checksum }) => ({ name, position, file, checksum })),
  );
  return runWaves(options);
}

/** @throws MigrationError WT_MIGRATION_LEAK where there is a finding */
export function refuseLeaks(release: Release, findings: readonly ReleaseFinding[]): void {
  if (findings.length === 0) return;
  const shown = findings.slice(0, 5).map(({ id, severity, target, file, line }) => {
    const place = file === null ? "" : `, ${file}${line === null ? "" : `:${line}`}`;
    return `${id} ${severity} on ${target}${place}`;
  });
  const more = findings.length > shown.length ? ` and ${findings.length - shown.length} more` : "";
  throw new MigrationError("WT_MIGRATION_LEAK", {
    detail: `${shown.join("; ")}${more}`,
    facts: { release: release.id, findings },
  });
}
