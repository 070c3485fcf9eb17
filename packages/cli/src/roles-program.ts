/** `watertight roles` as commander sees it: the logins of a place, and the one that reads across tenants. */
import type { Command } from "commander";
import type { AddCommand } from "./add-command.ts";

/** Adds them. */
export function addRolesCommands(program: Command, add: AddCommand, catalog: string): void {
  const secrets = (command: Command): Command =>
    command.option("--secrets <folder>", "where secrets made here are kept", ".watertight/secrets");
  const changing = (command: Command): Command =>
    secrets(command).option("--wait", "follow the operation to its end; a worker must be running");
  const load = () => import("./commands/roles/roles.ts");
  const roles = program.command("roles").description("Logins and roles of the places that tenants live in.");
  secrets(
    add(
      roles,
      "list",
      "List the logins and roles of a place: rights, limits, last rotation.",
      "watertight roles list --location loc_1hf3k2m0d7q9c4tz8xwv",
      async () => (await load()).list,
      catalog,
    ).requiredOption("--location <location>", "the place's id (watertight tenants list --json has it)"),
  );
  changing(
    add(
      roles,
      "rotate",
      "Give a login a new password; the old one is refused from then on.",
      "watertight roles rotate t_acme_6f1d2c3b4a59_rw --wait",
      async () => (await load()).rotate,
      catalog,
    ),
  )
    .argument("<login>", "its name")
    .option("--cell <cell>", "where several cells have one of that name");
  const reporting = roles.command("reporting").description("A login that reads across the tenants of one database.");
  changing(
    add(
      reporting,
      "on",
      "Make it, for some hours, with a reason; it can write nothing.",
      'watertight roles reporting on --location loc_1hf3… --reason "figures for the board" --hours 4',
      async () => (await load()).begin,
      catalog,
    ),
  )
    .requiredOption("--location <location>", "a pool, a silo or a database")
    .requiredOption("--reason <text>", "why; it stands in the audit log and in the database's own events")
    .option("--hours <n>", "at most 744", "24");
  changing(
    add(
      reporting,
      "off",
      "End it: its sessions, the login and its password go.",
      "watertight roles reporting off --location loc_1hf3… --wait",
      async () => (await load()).end,
      catalog,
    ),
  ).requiredOption("--location <location>", "the place");
}
