/** `watertight tenants export` as commander sees it: the command and, under it, the one that verifies. */
import type { Command } from "commander";
import type { AddCommand } from "./add-command.ts";

const repeated = (value: string, before: string[] = []): string[] => [...before, value];

/** Adds them under `tenants`. */
export function addExportCommands(tenants: Command, add: AddCommand, catalog: string): void {
  const own = add(
    tenants,
    "export",
    "Write one tenant's rows into a folder, read as the tenant, as of one moment.",
    "watertight tenants export acme --to acme-export",
    async () => (await import("./commands/fleet/export.ts")).execute,
    catalog,
  )
    .argument("<tenant>", "id or slug (one whose slug is `verify`: its id)")
    // what stands behind `verify` is its own
    .enablePositionalOptions()
    // commander would ask for a required one in `verify` as well
    .option("--to <folder>", "a new or empty folder")
    .option("--shared <table>", "also this table, which all tenants share (repeatable)", repeated)
    .option("--leave-out <table>", "without this table; the manifest says so (repeatable)", repeated)
    .option("--service <service>", "the service", "main")
    .option("--secrets <folder>", "where the secrets of its place are kept", ".watertight/secrets");
  add(
    own,
    "verify",
    "Compute an export's hashes and counts again. Exit code 1 when they differ.",
    "watertight tenants export verify acme-export",
    async () => (await import("./commands/fleet/export.ts")).verify,
    null,
  ).argument("<folder>", "the export");
}
