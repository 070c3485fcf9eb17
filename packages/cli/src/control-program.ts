/** The commands of the control plane as commander sees them: catalog, up, cells, tenants, operations, audit; the rest of the fleet is in fleet-program.ts. */
import { type Command, Option } from "commander";
import type { AddCommand } from "./add-command.ts";
import { addExportCommands } from "./export-program.ts";
import { addFleetCommands, catalog, fleetOptions, waitOptions } from "./fleet-program.ts";
import { addMigrationCommands } from "./migration-program.ts";
import { addRolesCommands } from "./roles-program.ts";

const repeated = (value: string, before: string[] = []): string[] => [...before, value];

/** Adds them. */
export function addControlCommands(program: Command, add: AddCommand): void {
  const catalogs = program.command("catalog").description("The control plane's catalog.");
  add(
    catalogs,
    "install",
    "Install the catalog in a database, or bring it up to date.",
    "watertight catalog install --db env:CATALOG_ADMIN_URL",
    async () => (await import("./commands/catalog/catalog.ts")).install,
    catalog,
  ).option("--role <kind=name>", "name of a role: owner, control, router, auditor (repeatable)", repeated);

  add(
    program,
    "up",
    "Start the control plane here: API and worker, over an embedded catalog or your own.",
    "watertight up --demo",
    async () => (await import("./commands/up/up.ts")).execute,
    "the catalog, as its control role: env:NAME, file:PATH, or a URL without password (default: an embedded one, gone at the end)",
  )
    .option("--demo", "with a fleet of 200 tenants in 3 cells, in all four models; gone at the end")
    .option("--tenants <n>", "how many tenants a demonstration has")
    .option("--port <port>", "on loopback; 0 takes a free one", "7070")
    .option("--token-file <file>", "where the token is written", ".watertight/token")
    .option("--secrets <folder>", "where secrets made here are kept", ".watertight/secrets");

  const cells = program.command("cells").description("The servers that tenants live on.");
  const capped = (command: Command): Command =>
    command
      .option("--max-databases <n>", "tenant databases; provisioning stops at 80 % of it")
      .option("--max-schemas <n>", "tenant schemas in one database")
      .option("--max-pool-tenants <n>", "tenants in shared tables")
      .option("--connection-budget <n>", "connections that applications may hold together");
  add(
    cells,
    "list",
    "List the cells.",
    "watertight cells list",
    async () => (await import("./commands/cells/cells.ts")).list,
    catalog,
  );
  capped(
    add(
      cells,
      "add",
      "Add a server.",
      "watertight cells add eu-1 --endpoint 10.0.0.5:5432 --admin env:CELL_EU_1 --region eu",
      async () => (await import("./commands/cells/cells.ts")).add,
      catalog,
    ),
  )
    .argument("<cell>", "its id")
    .requiredOption("--endpoint <host:port>", "where applications reach it")
    .requiredOption("--admin <reference>", "reference to the provisioner's connection string: env:NAME or file:/path")
    .option("--region <region>", "cells of one region stand in for each other");
  capped(
    add(
      cells,
      "set",
      "Change a cell's state or caps.",
      "watertight cells set eu-1 --state draining",
      async () => (await import("./commands/cells/cells.ts")).set,
      catalog,
    ),
  )
    .argument("<cell>", "its id")
    .addOption(
      new Option("--state <state>", "draining takes no new tenants").choices(["active", "draining", "closed"]),
    );

  waitOptions(
    add(
      cells,
      "template",
      "Build what new databases of a cell are copies of, at the newest release. Releases ask for it themselves; a cell that came later wants it once.",
      "watertight cells template eu-2",
      async () => (await import("./commands/cells/cells.ts")).template,
      catalog,
    ),
  ).argument("<cell>", "its id");

  const tenants = program.command("tenants").description("Tenants of the fleet, as the catalog knows them.");
  addFleetCommands(program, tenants, add);
  addMigrationCommands(program, add);
  add(
    tenants,
    "list",
    "List tenants.",
    "watertight tenants list --behind --json",
    async () => (await import("./commands/fleet/tenants.ts")).list,
    catalog,
  )
    .addOption(
      new Option("--state <state>", "only this state").choices([
        "provisioning",
        "active",
        "suspended",
        "maintenance",
        "moving",
        "archived",
        "deleted",
      ]),
    )
    .addOption(new Option("--model <model>", "only this model").choices(["pool", "schema", "database", "silo"]))
    .option("--cell <cell>", "only this cell")
    .option("--behind", "only those whose schema is older than the service's target")
    .option("--service <service>", "the service", "main")
    .option("--limit <n>", "at most so many", "100")
    .option("--after <slug>", "the page after this tenant");
  add(
    tenants,
    "show",
    "Show one tenant and its operations.",
    "watertight tenants show acme",
    async () => (await import("./commands/fleet/tenants.ts")).show,
    catalog,
  ).argument("<tenant>", "id or slug");

  add(
    tenants,
    "import",
    "Bring the tenants of a running application into the catalog. A second run adds who is new.",
    "watertight tenants import --app env:APP_ADMIN_URL --from-table public.organizations --id id --name name --location loc_pool",
    async () => (await import("./commands/fleet/import.ts")).execute,
    catalog,
  )
    .requiredOption("--app <where>", "the application's database: env:NAME, file:PATH, or a URL without password")
    .requiredOption("--from-table <table>", "its table of tenants")
    .requiredOption("--id <column>", "column of the tenant id")
    .requiredOption("--name <column>", "column of the name")
    .option(
      "--slug <column>",
      "column of the slug (default: made of the name, with letters of the id where it is taken)",
    )
    .requiredOption("--location <location>", "where they are served")
    .option("--service <service>", "the service", "main");

  addExportCommands(tenants, add, catalog);
  addRolesCommands(program, add, catalog);

  const operations = program.command("operations").description("Durable operations of the control plane.");
  add(
    operations,
    "list",
    "List operations, newest first.",
    "watertight operations list --state failed",
    async () => (await import("./commands/operations/operations.ts")).list,
    catalog,
  )
    .addOption(
      new Option("--state <state>", "only this state").choices([
        "pending",
        "running",
        "waiting",
        "waiting_approval",
        "succeeded",
        "failed",
        "cancelled",
      ]),
    )
    .option("--subject <subject>", "only those about this, for example tenant:7a0e…");
  const acts = {
    show: "Show an operation and its steps.",
    watch: "Follow an operation to its end. Exit code 5 when it does not succeed.",
    resume: "Go on with an operation that stands.",
    retry: "Begin a failed operation again.",
    approve: "Give the second person's word.",
  } as const;
  for (const [act, description] of Object.entries(acts) as [keyof typeof acts, string][])
    add(
      operations,
      act,
      description,
      `watertight operations ${act} op_1hf3k2m0d7q9c4tz8xwv`,
      async () => (await import("./commands/operations/operations.ts"))[act],
      catalog,
    ).argument("<operation>", "its id");

  fleetOptions(
    add(
      operations,
      "cancel",
      "Stop an operation and undo what it did. Past its point of no return it can only be finished.",
      "watertight operations cancel op_1hf3k2m0d7q9c4tz8xwv",
      async () => (await import("./commands/operations/operations.ts")).cancel,
      catalog,
    ),
  ).argument("<operation>", "its id");

  add(
    operations,
    "abandon",
    "Give up an operation that can neither be finished nor undone. Its subject is free; what it left is listed.",
    'watertight operations abandon op_1hf3k2m0d7q9c4tz8xwv --reason "the cell burned down"',
    async () => (await import("./commands/operations/operations.ts")).abandon,
    catalog,
  )
    .argument("<operation>", "its id")
    .requiredOption("--reason <text>", "why; it is kept");

  const audit = program.command("audit").description("The control plane's audit log.");
  add(
    audit,
    "verify",
    "Verify the chain of the audit log. Exit code 1 when it is broken.",
    "watertight audit verify --anchor 1042:9f2c…",
    async () => (await import("./commands/catalog/catalog.ts")).verify,
    catalog,
  ).option("--anchor <number:hash>", "a record that was noted elsewhere (repeatable)", repeated);
  add(
    audit,
    "anchor",
    "Print the newest record's number and hash, to be kept elsewhere.",
    "watertight audit anchor",
    async () => (await import("./commands/catalog/catalog.ts")).anchor,
    catalog,
  );
}
