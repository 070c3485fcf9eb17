/**
 * What every command is given, and what it must answer.
 */
import type { Client } from "pg";
import type { Io } from "./io.ts";
import type { Printer } from "./output/printer.ts";

/** The surroundings of a command. */
export interface CommandContext {
  readonly io: Io;
  readonly print: Printer;
  /** Runs `fn` on the database that --db names. */
  database<T>(fn: (client: Client) => Promise<T>): Promise<T>;
}

/** A command: arguments and options as commander parsed them; answers the exit code. */
export type Execute<Options> = (context: CommandContext, args: string[], options: Options) => Promise<number>;
