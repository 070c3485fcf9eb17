/** `watertight migrations …` as commander sees it. */
import { type Command, Option } from "commander";
import type { AddCommand } from "./add-command.ts";
import { catalog, fleetOptions } from "./fleet-program.ts";

const repeated = (value: string, before: string[] = []): string[] => [...before, value];

/** Adds the commands. */
export function addMigrationCommands(program: Command, add: AddCommand): void {
  const migrations = program
    .command("migrations")
    .description("Releases of your migrations, and the places that they run in.");
  const places = (command: Command): Command =>
    fleetOptions(command)
      .option("--concurrency <n>", "connections for each cell", "4")
      .option(
        "--central <where>",
        "the application's central database, for files of scope catalog: env:NAME or file:PATH",
      );
  const running = (command: Command): Command =>
    places(command)
      .option("--wave <shares>", "shares of the places that are behind, each with the ones before it", "1%,10%,100%")
      .option("--pause-on <reasons>", "error[=2%], denied[=5], slow[=3], or none", "error")
      .option("--canary <tenant>", "goes first (repeatable)", repeated);
  fleetOptions(
    add(
      migrations,
      "release",
      "Check the project's migrations and keep them as a release: what new tenants are made of and others are brought to.",
      "watertight migrations release",
      async () => (await import("./commands/migrations/release.ts")).execute,
      catalog,
    ),
  )
    .argument("[folder]", "the project (default: this folder)")
    .option("--folder <folder>", "where its migrations lie (default: found)")
    .option("--config <file>", "configuration of the check")
    .option("--dry-run", "check everything and keep nothing");
  places(
    add(
      migrations,
      "plan",
      "Say who is behind, which locks it takes and how long.",
      "watertight migrations plan",
      async () => (await import("./commands/migrations/migrations.ts")).plan,
      catalog,
    ),
  ).argument("[folder]", "a project whose files are not released yet (default: the newest release)");
  running(
    add(
      migrations,
      "apply",
      "Bring all places to the newest release, wave by wave. Exit code 5 while any is behind.",
      "watertight migrations apply --wave 1%,10%,100% --concurrency 8 --pause-on error=2%,denied",
      async () => (await import("./commands/migrations/migrations.ts")).apply,
      catalog,
    ),
  );
  running(
    add(
      migrations,
      "resume",
      "Go on with a run that paused. Exit code 5 while any place is behind.",
      "watertight migrations resume 5f0c… --only failed",
      async () => (await import("./commands/migrations/migrations.ts")).resume,
      catalog,
    ),
  )
    .argument("<run>", "its id: watertight migrations list")
    .addOption(new Option("--only <which>", "those that failed, and nothing else").choices(["failed"]));
  fleetOptions(
    add(
      migrations,
      "skip",
      "Leave targets out of a run; they stay behind, and the next run finds them.",
      'watertight migrations skip 5f0c… globex --reason "migrated by hand, ticket 4711"',
      async () => (await import("./commands/migrations/migrations.ts")).skip,
      catalog,
    ),
  )
    .argument("<run>", "its id")
    .argument("<tenant...>", "slugs, or locations of pools and silos")
    .requiredOption("--reason <text>", "why; it is kept");
  add(
    migrations,
    "list",
    "List releases and runs.",
    "watertight migrations list",
    async () => (await import("./commands/migrations/migrations.ts")).list,
    catalog,
  ).option("--service <service>", "the service", "main");
  places(
    add(
      migrations,
      "drift",
      "Compare every place with what its migrations make. Exit code 1 where one differs.",
      "watertight migrations drift --json",
      async () => (await import("./commands/migrations/migrations.ts")).drift,
      catalog,
    ),
  );
}
