/**
 * What may stand where the cursor is, read from the program itself: a command or option that is added is completed without another word. Pure.
 */
import type { Command, Option } from "commander";

/** One candidate. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What the shell is told. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** What the shell itself completes. */
  readonly paths: "files" | "folders" | null;
}

/** Names that are known outside of the program. */
export interface Known {
  /** Findings of the last check. */
  readonly findings: readonly Candidate[];
  /** Environment variables that hold a database's URL. */
  readonly databases: readonly string[];
}

const nothing: Completion = { candidates: [], paths: null };

/** @param words those behind the program's name; the last is the one at the cursor, perhaps empty */
export function completionOf(program: Command, words: readonly string[], known: Known): Completion {
  const current = words.at(-1) ?? "";
  const at = walk(program, words.slice(0, -1));
  const answer = possible(at, current, known);
  return { ...answer, candidates: answer.candidates.filter(({ value }) => value.startsWith(current)) };
}

interface Place {
  readonly command: Command;
  /** The option whose value comes next. */
  readonly awaiting: Option | null;
  readonly used: ReadonlySet<string>;
  /** How many arguments were given. */
  readonly given: number;
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let awaiting: Option | null = null;
  let given = 0;
  const used = new Set<string>();
  for (const word of words) {
    const option = word.startsWith("-")
      ? command.options.find(({ short, long }) => [short, long].includes(word))
      : undefined;
    if (option !== undefined) {
      used.add(option.flags);
      awaiting = option.required || option.optional ? option : null;
    } else if (awaiting !== null) {
      if (!awaiting.variadic) awaiting = null;
    } else if (!word.startsWith("-")) {
      const inner = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (inner === undefined) given++;
      else [command, given] = [inner, 0];
    }
  }
  return { command, awaiting, used, given };
}

function possible({ command, awaiting, used, given }: Place, current: string, known: Known): Completion {
  const options = command
    .createHelp()
    .visibleOptions(command)
    .filter(({ flags, parseArg, variadic }) => !used.has(flags) || parseArg !== undefined || variadic)
    .flatMap(({ long, description }) => (long === undefined || long === null ? [] : [{ value: long, description }]));
  if (current.startsWith("-")) return { candidates: options, paths: null };
  if (awaiting !== null) return valuesOf(awaiting, known);
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ value: each.name(), description: each.description() }));
  if (commands.length > 0) return { candidates: commands, paths: null };
  const argument = command.registeredArguments[given] ?? command.registeredArguments.find(({ variadic }) => variadic);
  if (argument === undefined) return nothing;
  if (argument.argChoices !== undefined)
    return { candidates: argument.argChoices.map((value) => ({ value, description: "" })), paths: null };
  if (["finding", "id"].includes(argument.name())) return { candidates: known.findings, paths: null };
  return argument.name() === "folder" ? { candidates: [], paths: "folders" } : nothing;
}

function valuesOf({ argChoices, flags, long }: Option, { databases }: Known): Completion {
  if (argChoices !== undefined)
    return { candidates: argChoices.map((value) => ({ value, description: "" })), paths: null };
  if (long === "--db")
    return {
      candidates: databases.map((name) => ({ value: `env:${name}`, description: "its URL stands in this variable" })),
      paths: null,
    };
  if (/<folder>/.test(flags)) return { candidates: [], paths: "folders" };
  return /<files?\b/.test(flags) ? { candidates: [], paths: "files" } : nothing;
}
