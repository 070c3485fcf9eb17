/**
 * The codes of errors about migrations: what happened, what to do next. Texts must never hold a password or a row value.
 */

/** Every code that a {@link MigrationError} can carry. Codes are permanent. */
export type MigrationErrorCode =
  | "WT_MIGRATION_SCOPE"
  | "WT_MIGRATION_DUPLICATE"
  | "WT_MIGRATION_UNREADABLE"
  | "WT_MIGRATION_STATEMENT"
  | "WT_MIGRATION_EDITED"
  | "WT_MIGRATION_MISSING"
  | "WT_MIGRATION_ORDER"
  | "WT_MIGRATION_LEAK"
  | "WT_MIGRATION_TARGET"
  | "WT_MIGRATION_NO_KIT"
  | "WT_MIGRATION_FAILED"
  | "WT_MIGRATION_BUSY"
  | "WT_MIGRATION_INDEX"
  | "WT_MIGRATION_OPTION"
  | "WT_MIGRATION_RUN";

/** One row of the table. */
export interface MigrationCodeEntry {
  readonly retryable: boolean;
  readonly what: string;
  readonly next: string;
}

const row = (what: string, next: string): MigrationCodeEntry => ({ retryable: false, what, next });
const passing = (what: string, next: string): MigrationCodeEntry => ({ retryable: true, what, next });

/** The table itself: what happened, and the next step. */
export const migrationErrorCodes: Readonly<Record<MigrationErrorCode, MigrationCodeEntry>> = {
  WT_MIGRATION_SCOPE: row(
    "A migration names a scope that does not exist.",
    "Use pool, tenant or catalog, several separated by commas: -- watertight: scope=tenant",
  ),
  WT_MIGRATION_DUPLICATE: row("Two migrations have one name.", "Rename the newer one: names are for ever."),
  WT_MIGRATION_UNREADABLE: row(
    "A statement of a migration cannot be read, so it cannot be run.",
    "Correct the statement; commands of psql and COPY data have no place in a migration.",
  ),
  WT_MIGRATION_STATEMENT: row(
    "A statement has no place in a migration of many tenants.",
    "Take it out, or run it by hand.",
  ),
  WT_MIGRATION_EDITED: row(
    "A migration was changed after its release.",
    "Restore the released file; changes belong in a new migration.",
  ),
  WT_MIGRATION_MISSING: row("A released migration is gone.", "Restore the file: what ran must stay readable."),
  WT_MIGRATION_ORDER: row(
    "A new migration sorts before one that was released.",
    "Rename it so that it comes last: tenants that have the later one would never run it.",
  ),
  WT_MIGRATION_LEAK: row(
    "The migrations open a leak between tenants; nothing was run.",
    "Run: watertight check, and correct what it finds.",
  ),
  WT_MIGRATION_TARGET: row("A target cannot be migrated as it is described.", "Correct the target named here."),
  WT_MIGRATION_NO_KIT: row(
    "The target's database has no Watertight kit, or an older one: there is no ledger.",
    "Run there: watertight kit install",
  ),
  WT_MIGRATION_FAILED: row(
    "A statement failed; the target is as it was before this step.",
    "Correct the cause, then run again: what is done stays done.",
  ),
  WT_MIGRATION_BUSY: passing(
    "A table stayed locked by others for the whole time budget; nothing was changed.",
    "Run again at a quieter time, or raise the budget.",
  ),
  WT_MIGRATION_INDEX: row(
    "An index of that name is there already, and not from this migration.",
    "Compare it with the migration, then rename or drop one of them.",
  ),
  WT_MIGRATION_OPTION: row(
    "An option of migrations has a value that is not accepted.",
    "Correct the option named here.",
  ),
  WT_MIGRATION_RUN: row("There is no such run, or it cannot do this.", "List the runs: watertight migrations list"),
};
