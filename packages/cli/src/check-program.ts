/**
 * The commands that need no kit and mostly no database: check, explain, repro, config print. Their code is loaded when they run.
 */
import { type Command, Option } from "commander";
import type { AddCommand } from "./add-command.ts";
import type { Execute } from "./command.ts";
import type { ConfigFlags } from "./commands/check/config-print.ts";
import type { CheckFlags } from "./commands/check/check.ts";
import { whileBooting } from "./commands/check/while-booting.ts";

const live = "check a live database in place of migrations: env:NAME, file:PATH, or a URL without password";
const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** Options that say where the migrations are. */
function migrations(command: Command, argument: string = "[folder]"): Command {
  return command
    .argument(argument, argument === "[folder]" ? "the project (default: this folder)" : "its id")
    .option("--sql <files...>", "SQL files in the order in which they run, in place of a migrations folder")
    .option("--folder <folder>", "the migrations folder, when it is not found by itself")
    .option("--tool <tool>", "the migration tool, when it is not recognised")
    .option("--config <file>", "configuration (default: watertight.config.ts, .js or .json)")
    .option(
      "--server <majors>",
      "PostgreSQL versions to check on, for example 18,15 (18 is there; others are looked for)",
    );
}

/** Options that say what is checked, shared by all commands that check. */
function source(command: Command, argument?: string): Command {
  return migrations(command, argument).option("--no-attack", "rules only: seed nothing, attack nothing");
}

function judged(command: Command): Command {
  return command
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 from this severity on (default: high)").choices([
        "critical",
        "high",
        "medium",
        "low",
        "info",
        "never",
      ]),
    )
    .option("--strict", "exit with 4 when something could not be decided")
    .option("--exit-zero", "exit with 0 whatever was found")
    .option(
      "--report <format=file>",
      "also write json, sarif, junit, github, gitlab, markdown or html (repeatable)",
      collect,
    )
    .option(
      "--update-baseline",
      "write the findings of now to the baseline: from then on only new ones fail, and leaks that an attack shows",
    )
    .option("--verbose", "all findings and their evidence")
    .option("--checklist", "also answer the six audit questions, with their evidence")
    .option("--against <ref>", "also say what changed since a commit, branch or tag");
}

/** Adds them. */
export function addCheckCommands(program: Command, add: AddCommand): void {
  judged(
    source(
      add(
        program,
        "check",
        "Find every leak between tenants in a project's migrations. Needs no database: PostgreSQL is started and thrown away.",
        "npx watertight check",
        (flags: CheckFlags) => whileBooting(flags, async () => (await import("./commands/check/check.ts")).execute),
        live,
      ),
    ),
  );
  judged(
    source(
      add(
        program,
        "ci",
        "check, for a pipeline: annotations, job summary and SARIF where the pipeline takes them.",
        "npx watertight ci",
        (flags: CheckFlags) => whileBooting(flags, async () => (await import("./commands/check/ci.ts")).execute),
        live,
      ),
    ),
  );
  add(
    program,
    "explain",
    "Explain a vector (A1) or a finding of the last check (A1-invoices).",
    "watertight explain F1",
    async () => (await import("./commands/check/explain.ts")).execute,
    null,
  )
    .argument("[id]", "vector or finding")
    .option("--unverified", "the cells of the last check that could not be decided, and why")
    .option("--list", "all vectors that have a rule");
  source(
    add(
      program,
      "repro",
      "Print the psql script that shows a finding of the last check.",
      "watertight repro A1-invoices --up",
      async () => (await import("./commands/check/repro.ts")).execute,
      null,
    ),
    "<finding>",
  )
    .option("--up", "replay and seed again, and keep the throw-away server open for psql until Ctrl-C")
    .option("--in <folder>", "the project (default: this folder)");
  source(
    add(
      program,
      "why",
      "Say why a row is seen or not: each policy with each term and its value, for all commands.",
      "watertight why --table invoices --row 7 --as TENANT --db env:DATABASE_URL",
      async () => (await import("./commands/check/why.ts")).execute,
      "a live database, in a read-only transaction that rolls back: env:NAME, file:PATH, or a URL without password (default: seeded rows of the migrations)",
    ),
  )
    .requiredOption("--table <table>", "the table")
    .option("--row <key>", "the row's key, or column=value,column=value (without --db: default one of each tenant)")
    .option("--as <tenant>", "the tenant that asks (without --db: A or B)")
    .option("--user <id>", "a person of the tenant (default: found among its members)")
    .option("--role <name>", "the role that requests run as (default: understood from the schema)");
  source(
    add(
      program,
      "bisect",
      "Find the migration that opened a finding.",
      "watertight bisect A1-attachments",
      async () => (await import("./commands/check/bisect.ts")).execute,
      null,
    ),
    "<finding>",
  ).option("--in <folder>", "the project (default: this folder)");
  source(
    add(
      program,
      "protect",
      "Write a new migration that closes what check found; it is attacked on a copy first and never run.",
      "watertight protect --dry-run",
      async () => (await import("./commands/check/protect.ts")).execute,
      null,
    ),
  )
    .option("--dry-run", "print and write nothing")
    .option("--expand", "give tables without a tenant column one: column, backfill in batches, then NOT NULL and keys")
    .option("--split-role <name>", "make this role for an application that logs in as the owner of its tables")
    .option("--output <file>", "the statements alone, in one SQL file of this name");
  const config = program.command("config").description("The configuration.");
  const print = async (): Promise<Execute<ConfigFlags>> => (await import("./commands/check/config-print.ts")).execute;
  migrations(
    add(
      config,
      "print",
      "Print the options in force, where each comes from, and what is inferred where none is given.",
      "watertight config print --origin",
      (flags: ConfigFlags) => (flags.origin === true ? whileBooting(flags, print) : print()),
      null,
    ),
  ).option(
    "--origin",
    "also where each value comes from, and what the migrations say: tenant, roles, context, tables, with the evidence",
  );
}
