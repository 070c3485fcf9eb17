/** The commands that change tenants and the places that serve them, as commander sees them. */
import { type Command, Option } from "commander";
import type { AddCommand } from "./add-command.ts";

/** What --db means to commands of the control plane. */
export const catalog = "the catalog: env:NAME, file:PATH, or a URL without password (default: env:DATABASE_URL)";

const repeated = (value: string, before: string[] = []): string[] => [...before, value];

/** Options of commands that work with the fleet's secrets. */
export function fleetOptions(command: Command): Command {
  return command
    .option("--secrets <folder>", "where secrets of this machine are kept", ".watertight/secrets")
    .option("--service <service>", "the service", "main");
}

/** Options of commands that ask for an operation and follow it. */
export function waitOptions(command: Command): Command {
  return fleetOptions(command)
    .option("--wait <seconds>", "follow the operation for so long", "600")
    .option("--no-wait", "ask for it, and end at once");
}

/** Adds them. */
export function addFleetCommands(program: Command, tenants: Command, add: AddCommand): void {
  waitOptions(
    add(
      tenants,
      "create",
      "Make a tenant. Exit code 5 when that does not succeed.",
      "watertight tenants create acme --model database --cell eu-1",
      async () => (await import("./commands/fleet/lifecycle.ts")).create,
      catalog,
    ),
  )
    .argument("<slug>", "its slug: a to z, 0 to 9, dashes")
    .addOption(
      new Option("--model <model>", "how it is kept apart")
        .choices(["pool", "schema", "database", "silo"])
        .makeOptionMandatory(),
    )
    .option("--id <id>", "as the application knows it (default: a random UUID)")
    .option("--name <name>", "for people (default: the slug)")
    .option("--cell <cell>", "this cell and no other")
    .option("--region <region>", "a cell of this region")
    .option("--location <location>", "a certain pool or silo: watertight locations list")
    .option("--tier <tier>", "its tier")
    .option("--hostname <hostname>", "a hostname of it (repeatable)", repeated);
  const changes = {
    suspend: "End service for a tenant; its data stays.",
    resume: "Begin service for a tenant again.",
    maintenance: "End service for a tenant while somebody works on it.",
    archive: "End service for a tenant for long.",
  } as const;
  for (const [verb, description] of Object.entries(changes) as [keyof typeof changes, string][])
    waitOptions(
      add(
        tenants,
        verb,
        description,
        `watertight tenants ${verb} acme`,
        async () => (await import("./commands/fleet/lifecycle.ts"))[verb],
        catalog,
      ),
    ).argument("<tenant>", "id or slug");
  waitOptions(
    add(
      tenants,
      "delete",
      "Delete a tenant: a second person approves, service ends, and after a time of grace its data goes for ever.",
      "watertight tenants delete acme --confirm acme",
      async () => (await import("./commands/fleet/lifecycle.ts")).remove,
      catalog,
    ),
  )
    .argument("<tenant>", "id or slug")
    .option("--confirm <slug>", "its slug, typed out")
    .option("--grace-days <days>", "how long its data stays", "30")
    .option("--dry-run", "say what would go, and ask for nothing");

  add(
    tenants,
    "advise",
    "Say which model fits a need: isolation, cost, operations, limits, with figures. Looks at no database.",
    "watertight tenants advise --tenants 400 --own-backups --noisy",
    async () => (await import("./commands/fleet/advise.ts")).execute,
    null,
  )
    .requiredOption("--tenants <n>", "how many there will be")
    .option("--tables <n>", "tables of one tenant (default: 50)")
    .option("--connections <n>", "connections to one server (default: 80)")
    .option("--groups <n>", "groups that are kept apart from each other (default: 1)")
    .option("--regions <n>", "countries or regions in which data must stay (default: 1)")
    .option("--own-credentials", "a login that reaches no other tenant")
    .option("--own-keys", "a key that opens no other tenant")
    .option("--own-backups", "one tenant is restored by itself")
    .option("--own-tables", "tables that only some tenants have")
    .option("--own-extensions", "extensions that only some tenants may have")
    .option("--own-server", "a server without anybody else")
    .option("--noisy", "single tenants whose load would slow down others")
    .addOption(new Option("--prefer <what>", "among those that fit").choices(["cost", "isolation"]).default("cost"));

  const locations = program.command("locations").description("Places that serve tenants.");
  add(
    locations,
    "list",
    "List the places of a service.",
    "watertight locations list",
    async () => (await import("./commands/fleet/locations.ts")).list,
    catalog,
  ).option("--service <service>", "the service", "main");
  waitOptions(
    add(
      locations,
      "create",
      "Make a place: a pool or silo for several tenants, or a database that waits for one.",
      "watertight locations create shared-1 --kind pool --cell eu-1",
      async () => (await import("./commands/fleet/locations.ts")).create,
      catalog,
    ),
  )
    .argument("<name>", "for people; becomes a part of the database's name")
    .addOption(new Option("--kind <kind>", "what it is").choices(["pool", "silo", "warm"]).makeOptionMandatory())
    .option("--cell <cell>", "this cell and no other")
    .option("--region <region>", "a cell of this region");
  waitOptions(
    add(
      locations,
      "adopt",
      "Make a pool of a database that an application uses already. It is inspected and attacked first.",
      "watertight locations adopt app --cell eu-1 --app-password env:APP_PASSWORD --readonly-password env:READONLY_PASSWORD --key env:WATERTIGHT_KEY",
      async () => (await import("./commands/fleet/locations.ts")).adopt,
      catalog,
    ),
  )
    .argument("<database>", "its name")
    .requiredOption("--cell <cell>", "where it is")
    .requiredOption("--app-password <reference>", "of the kit's role for the application: env:NAME or file:/path")
    .requiredOption("--readonly-password <reference>", "of the kit's reading role")
    .option("--key <reference>", "the key that signs contexts there; none at level plain")
    .option("--release <version>", "the release that its tables are at: the next one begins there");
}
