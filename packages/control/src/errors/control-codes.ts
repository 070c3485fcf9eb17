/**
 * The codes of the control plane's errors: who must act, what happened, what to do next. Texts must never hold a secret.
 */

/** Every code that a {@link ControlError} can carry. Codes are permanent. */
export type ControlErrorCode =
  | "WT_CATALOG_NOT_INSTALLED"
  | "WT_CATALOG_EDITED"
  | "WT_CATALOG_TOO_NEW"
  | "WT_CATALOG_PRIVILEGE"
  | "WT_CATALOG_INPUT"
  | "WT_CATALOG_NOT_FOUND"
  | "WT_CATALOG_DUPLICATE"
  | "WT_CATALOG_STALE"
  | "WT_CATALOG_STATE"
  | "WT_CATALOG_UNREACHABLE"
  | "WT_CATALOG_AUDIT_BROKEN"
  | "WT_SECRET"
  | "WT_OPERATION_BUSY"
  | "WT_OPERATION_KIND"
  | "WT_OPERATION_LEASE_LOST"
  | "WT_OPERATION_UNVERIFIED"
  | "WT_OPERATION_STEP_LIMIT"
  | "WT_OPERATION_CRASHES"
  | "WT_OPERATION_PAST_RETURN"
  | "WT_OPERATION_STATE"
  | "WT_OPERATION_APPROVAL"
  | "WT_CELL_UNREACHABLE"
  | "WT_CELL_FULL"
  | "WT_CELL_TEMPLATE"
  | "WT_CELL_NO_TEMPLATE"
  | "WT_CELL_DISK_FULL"
  | "WT_CELL_PRIVILEGE"
  | "WT_CELL_FOREIGN_OBJECT"
  | "WT_LOCATION_UNFIT"
  | "WT_PROVISION_LEAK"
  | "WT_EXPORT_FOLDER"
  | "WT_EXPORT_UNPROTECTED"
  | "WT_EXPORT_FOREIGN_ROW"
  | "WT_EXPORT_INCOMPLETE";

/** One row of the table. */
export interface ControlCodeEntry {
  /** Name of the error class that the person sees. */
  readonly kind: "ConfigurationError" | "OperationError" | "AccessDeniedError";
  readonly what: string;
  readonly next: string;
  /** Whether the same call can succeed later without a change. */
  readonly retryable: boolean;
}

const config = (what: string, next: string): ControlCodeEntry => ({
  kind: "ConfigurationError",
  what,
  next,
  retryable: false,
});
const operation = (what: string, next: string, retryable = false): ControlCodeEntry => ({
  kind: "OperationError",
  what,
  next,
  retryable,
});

/** The table itself. */
export const controlErrorCodes: Readonly<Record<ControlErrorCode, ControlCodeEntry>> = {
  WT_CATALOG_NOT_INSTALLED: config("This database has no Watertight catalog.", "Run: watertight up --db env:NAME"),
  WT_CATALOG_EDITED: config(
    "A numbered SQL file that was applied to this catalog differs from the file of this package.",
    "Restore the published file; changes belong in a new numbered file.",
  ),
  WT_CATALOG_TOO_NEW: config("The catalog is newer than this program.", "Update the watertight packages."),
  WT_CATALOG_PRIVILEGE: config(
    "The connected role lacks a right that the catalog's installation needs.",
    "Connect as a superuser, or as the owner of the database with CREATEROLE.",
  ),
  WT_CATALOG_INPUT: config("A value is not accepted.", "Correct the value named here."),
  WT_CATALOG_NOT_FOUND: config(
    "There is no such thing in the catalog.",
    "List what there is: watertight tenants list, watertight locations list, watertight cells list.",
  ),
  WT_CATALOG_DUPLICATE: config("It exists already.", "Choose another id, slug or hostname."),
  WT_CATALOG_STALE: operation(
    "It was changed by somebody else in the meantime.",
    "Read it again and repeat the change on what it is now.",
  ),
  WT_CATALOG_STATE: operation("Its state does not allow this.", "Look at it first: watertight tenants show."),
  WT_CATALOG_UNREACHABLE: operation(
    "The catalog does not answer, and where this tenant is served is not known yet.",
    "It is asked again by the next call; tenants that are known are served meanwhile.",
    true,
  ),
  WT_CATALOG_AUDIT_BROKEN: {
    kind: "AccessDeniedError",
    what: "The audit log was changed: its chain of hashes is broken.",
    next: "Treat it as an incident: keep the database as it is and compare with the anchors that you kept.",
    retryable: false,
  },
  WT_SECRET: config(
    "A secret could not be read.",
    "A reference is env:NAME, file:/path, or <store>:<name> of a store that this process knows.",
  ),
  WT_OPERATION_BUSY: operation(
    "Another operation is at work on this.",
    "Wait for it: watertight operations list. Or cancel it: watertight operations cancel.",
    true,
  ),
  WT_OPERATION_KIND: config("This worker knows no operation of that kind.", "Update the worker, or correct the kind."),
  WT_OPERATION_LEASE_LOST: operation(
    "Another worker has taken this operation over.",
    "Nothing: it goes on there.",
    true,
  ),
  WT_OPERATION_UNVERIFIED: operation(
    "A step ended without an error, but what it had to make is not there.",
    "Look at the step: watertight operations show. Then: watertight operations retry.",
  ),
  WT_OPERATION_STEP_LIMIT: operation(
    "A step took longer than it may.",
    "It is tried again; look at the server on which it acts.",
    true,
  ),
  WT_OPERATION_CRASHES: operation(
    "The operation's workers died again and again without ending a step.",
    "Look why (memory, a bug), then: watertight operations resume.",
  ),
  WT_OPERATION_PAST_RETURN: operation(
    "The operation is past its point of no return and can only be finished.",
    "Let it finish, or resume it: watertight operations resume.",
  ),
  WT_OPERATION_STATE: operation(
    "The operation's state does not allow this.",
    "Look at it: watertight operations show.",
  ),
  WT_OPERATION_APPROVAL: {
    kind: "AccessDeniedError",
    what: "The operation needs the approval of a second person.",
    next: "Ask somebody else to run: watertight operations approve.",
    retryable: false,
  },
  WT_CELL_UNREACHABLE: operation("The cell does not answer.", "It is tried again; look at the server.", true),
  WT_CELL_FULL: operation(
    "The cell is at 80 % of a published cap, and there is no other one to go to.",
    "Add a cell: watertight cells add. Or raise the cap: watertight cells set.",
  ),
  WT_CELL_TEMPLATE: operation(
    "The template database is in use.",
    "It is tried again when its sessions have ended.",
    true,
  ),
  WT_CELL_NO_TEMPLATE: operation(
    "The cell has no template database of that version.",
    "Build it first: watertight cells template. Then: watertight operations retry.",
  ),
  WT_CELL_DISK_FULL: operation(
    "The cell's disk is full; what was begun there was taken back.",
    "Make room on the server, or drain the cell: watertight cells set --state draining. Then: watertight operations retry.",
  ),
  WT_CELL_PRIVILEGE: operation(
    "The provisioner's role lacks a right on this cell.",
    "Give it CREATEDB, CREATEROLE and, from a superuser, pg_monitor and pg_signal_backend.",
  ),
  WT_CELL_FOREIGN_OBJECT: operation(
    "An object of that name is there and was not made by this operation.",
    "Rename or remove it, or choose another slug; it is never touched.",
  ),
  WT_LOCATION_UNFIT: operation(
    "This database cannot serve tenants as it is.",
    "Do what is named here, each with its statement. Then: watertight operations retry.",
  ),
  WT_PROVISION_LEAK: {
    kind: "AccessDeniedError",
    what: "The new place is not closed, or is not what was tested, so the tenant was not activated.",
    next: "Look at the operation's last step: watertight operations show.",
    retryable: false,
  },
  WT_EXPORT_FOLDER: config("The folder of an export must be new or empty.", "Name another folder."),
  WT_EXPORT_UNPROTECTED: {
    kind: "AccessDeniedError",
    what: "A table that would be exported is not protected as it should be: rows of other tenants could come along, or rows of this one be missing. Nothing was exported.",
    next: "Look at it: watertight kit status. Or leave it out by name, which the manifest tells: --leave-out <table>.",
    retryable: false,
  },
  WT_EXPORT_FOREIGN_ROW: {
    kind: "AccessDeniedError",
    what: "A protected table showed a row of another tenant to this one. The export was given up.",
    next: "Treat it as an incident; look at the table's policies: watertight kit status.",
    retryable: false,
  },
  WT_EXPORT_INCOMPLETE: config(
    "This folder holds no complete export: it has no manifest.",
    "Remove it and export again: watertight tenants export.",
  ),
};
