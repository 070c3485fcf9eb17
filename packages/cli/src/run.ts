/**
 * Runs one command line: parses, executes, prints errors with their next step, answers the exit code. Never ends the process itself.
 */
import { CommanderError } from "commander";
import { exitCodes, type ShownError, showError } from "./cli-error.ts";
import type { Io } from "./io.ts";
import { harmless, harmlessJson, schemaVersion } from "./output/printer.ts";
import { buildProgram } from "./program.ts";

/**
 * Runs a command line.
 * @param argv arguments without node and script
 * @example process.exitCode = await run(["kit", "status"], processIo());
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = buildProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    // commander has printed its own message by now; asking for help is no error
    if (error instanceof CommanderError)
      return ["commander.helpDisplayed", "commander.version"].includes(error.code) ? exitCodes.ok : exitCodes.usage;
    const shown = showError(error);
    if (argv.includes("--json")) io.out(`${harmlessJson({ schemaVersion, error: errorDocument(shown) })}\n`);
    else for (const line of errorLines(shown)) io.err(`${harmless(line)}\n`);
    return shown.exitCode;
  }
}

function errorDocument({ code, message, next, problems }: ShownError): Record<string, unknown> {
  return { code, message, next, ...(problems.length === 0 ? {} : { problems }) };
}

/** One line, or where there are several problems one for each, and the next step last. */
function errorLines({ code, message, next, problems }: ShownError): string[] {
  if (problems.length === 0) return [message];
  return [`${code}: ${problems.length} problems`, ...problems.map((each) => `  ${each}`), next];
}
