/**
 * The codes of the kit's own errors: what happened, what to do next. Texts must never hold a key, a password or a row value.
 */

/** Every code that a {@link KitError} can carry. Codes are permanent. */
export type KitErrorCode =
  | "WT_KIT_NAME"
  | "WT_KIT_OPTION"
  | "WT_KIT_NOT_INSTALLED"
  | "WT_KIT_OUTDATED"
  | "WT_KIT_TOO_NEW"
  | "WT_KIT_EDITED"
  | "WT_KIT_SCHEMA_TAKEN"
  | "WT_KIT_VERSION"
  | "WT_KIT_PRIVILEGE"
  | "WT_KIT_ROLE_UNSAFE"
  | "WT_KIT_ROLES_DIFFER"
  | "WT_KIT_KEY"
  | "WT_KIT_KEY_LAST"
  | "WT_KIT_IN_USE"
  | "WT_KIT_TABLE"
  | "WT_KIT_TENANT_COLUMN"
  | "WT_KIT_TENANT_TYPE"
  | "WT_KIT_TENANT_NULLS"
  | "WT_KIT_PARENT"
  | "WT_KIT_NOT_PROTECTED"
  | "WT_KIT_TENANT";

/** One row of the table. */
export interface KitCodeEntry {
  readonly what: string;
  readonly next: string;
}

const row = (what: string, next: string): KitCodeEntry => ({ what, next });

/** The table itself: what happened, and the next step. */
export const kitErrorCodes: Readonly<Record<KitErrorCode, KitCodeEntry>> = {
  WT_KIT_NAME: row("A name cannot be used in SQL.", "Correct the name."),
  WT_KIT_OPTION: row("An option of the kit has a value that is not accepted.", "Correct the option named here."),
  WT_KIT_NOT_INSTALLED: row("This database has no Watertight kit.", "Run: watertight kit install"),
  WT_KIT_OUTDATED: row("The kit in this database is older than this program.", "Run: watertight kit upgrade"),
  WT_KIT_TOO_NEW: row("The kit in this database is newer than this program.", "Update the watertight packages."),
  WT_KIT_EDITED: row(
    "A numbered SQL file that was applied here differs from the file of this package.",
    "Restore the published file; changes belong in a new numbered file.",
  ),
  WT_KIT_SCHEMA_TAKEN: row(
    "A schema named watertight exists and is not ours.",
    "Rename or drop that schema, then run: watertight kit install",
  ),
  WT_KIT_VERSION: row("PostgreSQL 15 or newer is needed.", "Use a server of version 15 to 18."),
  WT_KIT_PRIVILEGE: row(
    "The connected role lacks a right that this step needs.",
    "Connect as a superuser, or as the owner of the database with CREATEROLE.",
  ),
  WT_KIT_ROLE_UNSAFE: row(
    "A role that the kit would rely on has rights that defeat it.",
    "Give the kit another role name, or correct the role.",
  ),
  WT_KIT_ROLES_DIFFER: row(
    "The kit was installed here with other role names.",
    "Leave the role options out, or uninstall first: watertight kit uninstall",
  ),
  WT_KIT_KEY: row("The key cannot be used.", "Run: watertight kit keys list"),
  WT_KIT_KEY_LAST: row(
    "The last key cannot be retired: nothing could open a context any more.",
    "Run: watertight kit keys rotate",
  ),
  WT_KIT_IN_USE: row(
    "Objects of the application use the kit's functions, so it was not removed.",
    "Change or drop the objects named here, then run: watertight kit uninstall",
  ),
  WT_KIT_TABLE: row(
    "There is no such table, or it cannot be protected.",
    "Name an ordinary or partitioned table as schema.table.",
  ),
  WT_KIT_TENANT_COLUMN: row(
    "The tenant column of the table could not be determined.",
    "Name it: watertight kit protect <table> --column <name>, or --parent for a derived table.",
  ),
  WT_KIT_TENANT_TYPE: row(
    "The tenant column has a type that the kit does not support.",
    "Use uuid, integer, bigint or text.",
  ),
  WT_KIT_TENANT_NULLS: row(
    "Rows without a tenant exist in the table.",
    "Fill the tenant column in every row, then protect again.",
  ),
  WT_KIT_PARENT: row(
    "The parent of a derived table is not protected.",
    "Protect the parent first: watertight kit protect <parent>",
  ),
  WT_KIT_NOT_PROTECTED: row("The table is not protected by the kit.", "Run: watertight kit protect <table>"),
  WT_KIT_TENANT: row("The tenant could not be registered or changed.", "Run: watertight kit tenants list"),
};
