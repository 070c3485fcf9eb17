/**
 * The commands that let a shell complete command lines.
 */
import { type Command, Argument } from "commander";
import type { AddCommand } from "./add-command.ts";
import type { Io } from "./io.ts";
import { shells } from "./completion/scripts.ts";

/** Adds them. */
export function addCompletionCommands(program: Command, add: AddCommand, io: Io): void {
  add(
    program,
    "completion",
    "Print the script that lets a shell complete watertight's command lines.",
    "source <(watertight completion bash)",
    async () => (await import("./commands/completion/completion.ts")).execute,
    null,
  ).addArgument(new Argument("<shell>", "the shell").choices([...shells]));
  // asked by that script; a line that is being typed is no use of the program, so anything goes
  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .helpOption(false)
    .action(async (words: string[]) => (await import("./commands/completion/completion.ts")).complete(io, words));
}
