/**
 * The command line as commander sees it: names, options, help. Commands are loaded when they run, so that --help stays under 250 ms.
 */
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { commandAdder } from "./add-command.ts";
import { addCheckCommands } from "./check-program.ts";
import { addCompletionCommands } from "./completion-program.ts";
import { addControlCommands } from "./control-program.ts";
import type { Io } from "./io.ts";

// read, not imported: the file lies outside of what is compiled
function version(): string {
  const file = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** Builds the program; `finished` is told the exit code of the command that ran. */
export function buildProgram(io: Io, finished: (exitCode: number) => void): Command {
  const program = new Command("watertight");
  program
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHasColors: () => io.colour,
      getErrHasColors: () => io.colour,
    })
    .version(version(), "-V, --version", "print the version")
    .description("Tenant isolation for SaaS on PostgreSQL.")
    .addHelpText(
      "before",
      `Examples:
  watertight check                             find every leak in this repository's migrations; no database needed
  watertight explain F1                        what a finding means, how it is shown, how it is fixed
  export DATABASE_URL=postgres://postgres@localhost/app
  watertight kit install                       install the database kit, print WATERTIGHT_KEY
  watertight kit observe projects tasks        record what enforcement would refuse
  watertight kit protect projects              enforce: a tenant sees its own rows only
  watertight kit status                        what holds, what does not, what to do
  watertight kit shell --as 7a0e… -c "select * from projects"
`,
    );
  const add = commandAdder(io, finished);
  addCheckCommands(program, add);
  const kit = program.command("kit").description("The database kit: install, protect tables, inspect.");

  const dryRun = (command: Command): Command => command.option("--dry-run", "print the SQL and change nothing");
  const level = new Option("--level <level>", "how much the database trusts the application (default: sealed)").choices(
    ["plain", "sealed", "hostile"],
  );
  const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

  const installing = (command: Command): Command =>
    dryRun(command)
      .addOption(level)
      .option(
        "--role <kind=name>",
        "name of a role: owner, migrator, app, readonly, control, prober (repeatable)",
        collect,
      )
      .option("--key-from <variable>", "take the key from this environment variable instead of making one")
      .option("--no-harden", "leave PUBLIC's rights as they are");
  installing(
    add(
      kit,
      "install",
      "Install the kit, or bring it up to date.",
      "watertight kit install --dry-run",
      async () => (await import("./commands/kit/install.ts")).execute,
    ),
  );
  installing(
    add(
      kit,
      "upgrade",
      "Bring an installed kit up to date.",
      "watertight kit upgrade",
      async () => (await import("./commands/kit/install.ts")).upgrade,
    ),
  );
  add(
    kit,
    "status",
    "Say what holds and what does not. Exit code 1 when something fails.",
    "watertight kit status --json",
    async () => (await import("./commands/kit/status.ts")).execute,
  )
    .option("--all", "also what is in order")
    .addOption(
      new Option("--fail-on <state>", "exit with 1 from this state on")
        .choices(["fail", "warn", "never"])
        .default("fail"),
    );
  dryRun(
    add(
      kit,
      "uninstall",
      "Remove the kit; tables are as they were before.",
      "watertight kit uninstall --yes",
      async () => (await import("./commands/kit/uninstall.ts")).execute,
    ),
  )
    .option("--yes", "do not ask")
    .option("--keep-roles", "leave the kit's roles");

  const protecting = (command: Command): Command =>
    dryRun(command)
      .argument("<table...>", "tables, as SQL names them")
      .option("--column <name>", "the tenant column (default: found by its name)")
      .addOption(
        new Option("--type <type>", "refuse a tenant column of another type").choices(["uuid", "bigint", "text"]),
      )
      .option("--parent <table>", "for a table without tenant column: the table whose row decides")
      .option("--via <child=parent>", "columns that lead to the parent (default: the foreign key; repeatable)", collect)
      .option("--no-index", "make no index");
  protecting(
    add(
      kit,
      "protect",
      "Put tables under row security.",
      "watertight kit protect projects invoices",
      async () => (await import("./commands/kit/protect.ts")).execute,
    ),
  );
  protecting(
    add(
      kit,
      "observe",
      "Record what protection would refuse, and refuse nothing.",
      "watertight kit observe projects",
      async () => (await import("./commands/kit/protect.ts")).observe,
    ),
  );
  protecting(
    add(
      kit,
      "enforce",
      "Protect tables that were observed.",
      "watertight kit enforce projects",
      async () => (await import("./commands/kit/protect.ts")).enforce,
    ),
  );
  dryRun(
    add(
      kit,
      "unprotect",
      "Give tables back as they were.",
      "watertight kit unprotect projects",
      async () => (await import("./commands/kit/unprotect.ts")).execute,
    ),
  ).argument("<table...>", "tables, as SQL names them");
  add(
    kit,
    "observations",
    "List what observed tables recorded: what enforcement would refuse.",
    "watertight kit observations --json",
    async () => (await import("./commands/kit/observations.ts")).execute,
  );
  add(
    kit,
    "shell",
    "Run statements as one tenant.",
    'watertight kit shell --as 7a0e… -c "select count(*) from projects"',
    async () => (await import("./commands/kit/shell.ts")).execute,
  )
    .requiredOption("--as <tenant>", "tenant id")
    .option("-c, --command <sql>", "run one statement and end");

  const keys = kit.command("keys").description("The keys that sign tenant contexts.");
  add(
    keys,
    "list",
    "List the keys.",
    "watertight kit keys list",
    async () => (await import("./commands/keys/keys.ts")).list,
  );
  add(
    keys,
    "rotate",
    "Make a new key; the old ones stay valid.",
    "watertight kit keys rotate",
    async () => (await import("./commands/keys/keys.ts")).rotate,
  );
  add(
    keys,
    "retire",
    "End an old key.",
    "watertight kit keys retire k4q7",
    async () => (await import("./commands/keys/keys.ts")).retire,
  ).argument("<kid>", "key id");

  const tenants = kit.command("tenants").description("The tenants that this database serves.");
  add(
    tenants,
    "add",
    "Register tenants.",
    "watertight kit tenants add 7a0e… 91bb…",
    async () => (await import("./commands/tenants/tenants.ts")).add,
  ).argument("<tenant...>", "tenant ids");
  add(
    tenants,
    "list",
    "List the tenants.",
    "watertight kit tenants list --state suspended",
    async () => (await import("./commands/tenants/tenants.ts")).list,
  ).option("--state <state>", "only this state");
  add(
    tenants,
    "follow",
    "Register the tenants of a table, now and from now on.",
    "watertight kit tenants follow tenants id",
    async () => (await import("./commands/tenants/tenants.ts")).follow,
  )
    .argument("<table>", "table of tenants")
    .argument("[column]", "its id column")
    .option("--column <name>", "its id column, as an option");
  add(
    tenants,
    "suspend",
    "Serve tenants no longer.",
    "watertight kit tenants suspend 7a0e…",
    async () => (await import("./commands/tenants/tenants.ts")).suspend,
  ).argument("<tenant...>", "tenant ids");
  add(
    tenants,
    "resume",
    "Serve suspended tenants again.",
    "watertight kit tenants resume 7a0e…",
    async () => (await import("./commands/tenants/tenants.ts")).resume,
  ).argument("<tenant...>", "tenant ids");
  addControlCommands(program, add);
  addCompletionCommands(program, add, io);
  return program;
}
