/**
 * What psql's backslash commands mean for the statements around them: variables, branches, included files, the end of the script. Must
 * never run a command nor read a file: what reaches outside is said to be skipped.
 */
import { quoteName, quoteText } from "@watertight/schema";
import { tokenAt } from "./lex.ts";
import { psqlCommands, type PsqlCommand } from "./psql-arguments.ts";

/** What a command line does to the statements that follow. */
export interface PsqlEffect {
  readonly skip: { readonly reason: string; readonly matters: boolean };
  /** A file to be read here, as it is written; `relative` to the file that names it. */
  readonly include?: { readonly path: string; readonly relative: boolean };
}

interface Branch {
  taken: boolean;
  /** A branch of this \if was taken already. */
  done: boolean;
  /** Why no branch can be chosen. */
  unknown: string | null;
}

/** Shape, speed and look of psql's output, and help: without any meaning for the database. */
const HARMLESS =
  /^(?:a|C|conninfo|copyright|d\w*[+S]*|e|echo|ef|encoding|err?verbose|ev|f|H|h|help|html|l\+?|o|out|p|print|prompt|pset|q?echo|r|reset|restrict|unrestrict|s|sf\+?|sv\+?|T|t|timing|w|warn|write|x|z|\?|cd|lo_list|password|\.)$/;

/** A psql session over the files of one migration. */
export interface Psql {
  /** Runs a line of commands. `null`: nothing worth a word (\g, which only ends a statement). */
  run(line: string): PsqlEffect | null;
  /** Why statements here do not run; null where they do. */
  stopped(): { readonly reason: string; readonly matters: boolean } | null;
  /** Fills in variables that are set; `filled` names them. */
  fill(text: string): { readonly text: string; readonly filled: readonly string[] };
}

const skipped = (reason: string, matters: boolean): PsqlEffect => ({ skip: { reason, matters } });
const isTrue = (value: string | undefined): boolean =>
  value !== undefined && /^(?:t|tr|tru|true|y|ye|yes|on|1)$/i.test(value);
const VARIABLE = /:(?:(\w+)|'(\w+)'|"(\w+)"|\{\?(\w+)\})/y;

/** Starts a session with variables that the project's configuration sets. */
export function psql(given: Readonly<Record<string, string>>): Psql {
  const variables = new Map(Object.entries(given));
  const branches: Branch[] = [];
  let ended: string | null = null;

  const condition = (command: PsqlCommand): Branch => {
    const [value = ""] = command.arguments;
    const unknown = command.unknown ? `\\${command.name} ${value}: its value is known to psql only` : null;
    const taken = isTrue(value) && unknown === null;
    return { taken, done: taken, unknown };
  };

  const branch = (command: PsqlCommand): PsqlEffect => {
    const effect = skipped(`\\${command.name} chooses what psql runs`, false);
    const top = branches.at(-1);
    if (command.name === "if") branches.push(condition(command));
    else if (top === undefined) return skipped(`\\${command.name} without \\if`, true);
    else if (command.name === "endif") branches.pop();
    else if (command.name === "else") {
      top.taken = !top.done;
      top.done = true;
    } else if (top.done) top.taken = false;
    else branches.splice(-1, 1, condition(command));
    return effect;
  };

  const one = (command: PsqlCommand, alone: boolean): PsqlEffect | null => {
    const {
      name,
      arguments: [first, ...rest],
    } = command;
    if (/^(?:if|elif|else|endif)$/.test(name)) return branch(command);
    if (!runs()) return null;
    switch (name) {
      case "set":
        if (first !== undefined && !command.unknown) variables.set(first, rest.join(""));
        return skipped("\\set sets a variable of psql", command.unknown);
      case "unset":
        variables.delete(first ?? "");
        return skipped("\\unset removes a variable of psql", false);
      case "g":
      case "gx":
        return first === undefined || first.startsWith("(")
          ? null
          : skipped(`\\${name} sends the result outside`, false);
      case "gexec":
        return skipped("\\gexec runs the rows of the query before it as statements", true);
      case "gset":
        return skipped("\\gset sets variables from a query, known only when it runs", true);
      case "i":
      case "include":
      case "ir":
      case "include_relative": {
        if (first === undefined || command.unknown)
          return skipped(`\\${name} names a file by a value that is not known here`, true);
        const relative = name.endsWith("r") || name.endsWith("relative");
        return { skip: { reason: `\\${name} ${first}`, matters: false }, include: { path: first, relative } };
      }
      case "c":
      case "connect": {
        const asOther = rest[0] !== undefined && rest[0] !== "-";
        return skipped(
          `\\${name} ${command.arguments.join(" ")}: what follows runs in the same database${asOther ? " and as the same role" : ""}`,
          asOther,
        );
      }
      case "copy":
        return skipped("\\copy moves rows between the database and a file of the client", false);
      case "q":
      case "quit":
        // the guard on top of an extension's script, which CREATE EXTENSION reads to its end
        if (!alone) return skipped("\\quit after \\echo guards an extension's script", false);
        ended = "psql stops at \\quit above";
        return skipped("\\quit ends the script", false);
      case "!":
        return skipped("\\! runs a program outside of the database", true);
      default:
        if (HARMLESS.test(name)) return skipped(`\\${name} changes nothing in the database`, false);
        return skipped(`\\${name} is not a command of psql that is known here`, true);
    }
  };
  const runs = (): boolean => ended === null && branches.every(({ taken }) => taken);

  return {
    run: (line) => {
      const commands = psqlCommands(line, variables);
      const effects = commands.map((command, i) => one(command, i === 0)).filter((effect) => effect !== null);
      return effects.find(({ include }) => include) ?? effects.find(({ skip }) => skip.matters) ?? effects[0] ?? null;
    },
    stopped: () => {
      if (ended !== null) return { reason: ended, matters: true };
      const shut = branches.find(({ taken }) => !taken);
      if (shut === undefined) return null;
      return shut.unknown === null
        ? { reason: "in a branch of \\if that psql does not take", matters: false }
        : { reason: shut.unknown, matters: true };
    },
    fill: (text) => fillVariables(text, variables),
  };
}

/** psql looks for variables outside of quotes and comments only, and leaves unknown ones as they stand. */
function fillVariables(text: string, variables: ReadonlyMap<string, string>): { text: string; filled: string[] } {
  const filled: string[] = [];
  if (variables.size === 0 || !text.includes(":")) return { text, filled };
  let out = "";
  for (let at = 0; at < text.length;) {
    if (text.startsWith("::", at)) {
      out += "::";
      at += 2;
      continue;
    }
    if (text[at] === ":") {
      VARIABLE.lastIndex = at;
      const match = VARIABLE.exec(text);
      const value = variables.get(match?.[1] ?? match?.[2] ?? match?.[3] ?? "");
      if (match !== null && (value !== undefined || match[4] !== undefined)) {
        if (match[4] !== undefined) out += variables.has(match[4]) ? "TRUE" : "FALSE";
        else if (value !== undefined) out += match[1] ? value : match[2] ? quoteText(value) : quoteName(value);
        filled.push(match[0]);
        at = VARIABLE.lastIndex;
        continue;
      }
    }
    const { end } = tokenAt(text, at);
    out += text.slice(at, end);
    at = end;
  }
  return { text: out, filled };
}
