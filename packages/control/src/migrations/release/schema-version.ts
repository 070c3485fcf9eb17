/**
 * The schema version of a tenant: how far it is in the list of migrations, and in which list. Kept in its fence row, written in the transaction
 * of the DDL. Pure.
 */
import { MigrationError } from "../migration-error.ts";
import type { Release } from "./release.ts";

/** A version as it was read. */
export interface SchemaVersion {
  /** Migrations of the list up to here are done, as far as they concern the tenant. */
  readonly position: number;
  /** First digits of the chain at that position. */
  readonly mark: string;
}

const DIGITS = 12;

/** The version behind the first `position` files of a release, for example "42-1f3a9c20b7d4". */
export function schemaVersion(release: Release, position: number = release.files.length): string {
  return position === 0 ? "0" : `${position}-${release.files[position - 1]!.chain.slice(0, DIGITS)}`;
}

/** Reads a version; undefined for what is none of ours. */
export function readVersion(text: string | null | undefined): SchemaVersion | undefined {
  const match = /^(\d{1,9})(?:-([0-9a-f]{12}))?$/.exec(text ?? "");
  return match === null ? undefined : { position: Number(match[1]), mark: match[2] ?? "" };
}

/**
 * The position of a migration, for the range of versions that an application declares.
 * @throws MigrationError WT_MIGRATION_OPTION
 * @example const min = positionOf(release, "0042_add_status");
 */
export function positionOf(release: Release, name: string): number {
  const file = release.files.find((each) => each.name === name);
  if (file === undefined) throw new MigrationError("WT_MIGRATION_OPTION", { detail: `no migration is named ${name}` });
  return file.position;
}
