/**
 * How a command comes into the program: its common options, and its code loaded when it runs.
 */
import type { Command } from "commander";
import type { Execute } from "./command.ts";
import type { Io } from "./io.ts";
import { Printer } from "./output/printer.ts";

interface CommonOptions {
  readonly db?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

/** Adds a command under `parent`. */
export type AddCommand = <Options>(
  parent: Command,
  usage: string,
  description: string,
  example: string,
  /** Brings the code of the command, when it runs. */
  load: (options: Options) => Promise<Execute<Options>>,
  /** What --db means to it; null: the command looks at no database. Default: the database that it works on. */
  db?: string | null,
) => Command;

/** The full name of a command, as results carry it: `check`, `kit status`, `kit keys list`. */
function fullName(command: Command): string {
  // the program itself has no parent and is not named
  const { parent } = command;
  return parent === null ? "" : `${fullName(parent)} ${command.name()}`.trim();
}

/** Makes the function that adds commands; `finished` is told the exit code of the command that ran. */
export function commandAdder(io: Io, finished: (exitCode: number) => void): AddCommand {
  return <Options>(
    parent: Command,
    usage: string,
    description: string,
    example: string,
    load: (options: Options) => Promise<Execute<Options>>,
    db: string | null = "database: env:NAME, file:PATH, or a URL without password (default: env:DATABASE_URL)",
  ) => {
    const command = parent
      .command(usage)
      .description(description)
      .addHelpText("before", `Example:\n  ${example}\n`)
      .option("--json", "print one JSON document")
      .option("--no-color", "no colours");
    if (db !== null) command.option("--db <where>", db);
    return command.action(async (...raw: unknown[]) => {
      const args = raw
        .slice(0, -2)
        .flat()
        .filter((arg): arg is string => typeof arg === "string");
      const options = command.opts<Options & CommonOptions>();
      const own: Io = options.color ? io : { ...io, colour: false };
      const execute = await load(options);
      const print = new Printer(own, fullName(command), options.json === true);
      const database = async <T>(fn: Parameters<typeof import("./database.ts").withDatabase<T>>[2]): Promise<T> =>
        (await import("./database.ts")).withDatabase(options.db, own, fn);
      finished(await execute({ io: own, print, database }, args, options));
    });
  };
}
