/**
 * The words of a psql backslash command, by psql's own quoting rules. Must never run anything: a command in backticks has no value here.
 */

/** One command of a line, without its backslash; `unknown` when an argument's value can't be known here. */
export interface PsqlCommand {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly unknown: boolean;
}

const NAME = /\\([^\s\\]*)/y;
const PART =
  /'((?:[^'\\]|\\[^]|'')*)'?|"((?:[^"]|"")*)"?|`[^`]*`?|:\{\?(\w+)\}|:'(\w+)'|:"(\w+)"|:(\w+)|([^\s'"`\\:]+|:)/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

const unescape = (text: string): string =>
  text.replaceAll("''", "'").replaceAll(/\\([^])/g, (_, mark: string) => ESCAPES[mark] ?? mark);

/** The commands of a line: several may stand on one. Backslash-backslash ends the last. */
export function psqlCommands(line: string, variables: ReadonlyMap<string, string>): PsqlCommand[] {
  const commands: PsqlCommand[] = [];
  for (let at = line.indexOf("\\"); at >= 0 && at < line.length;) {
    NAME.lastIndex = at;
    const name = NAME.exec(line)?.[1] ?? "";
    at += name.length + 1;
    const values: string[] = [];
    let unknown = false;
    while (at < line.length && line[at] !== "\\") {
      let value: string | undefined;
      for (;;) {
        PART.lastIndex = at;
        const part = PART.exec(line);
        if (part === null) break;
        at = PART.lastIndex;
        const [whole, single, double, asked, literal, identifier, variable, plain] = part;
        const known = variables.get(literal ?? identifier ?? variable ?? "");
        value ??= "";
        if (single !== undefined) value += unescape(single);
        else if (double !== undefined) value += double.replaceAll('""', '"');
        else if (asked !== undefined) value += variables.has(asked) ? "TRUE" : "FALSE";
        else if (plain !== undefined) value += plain;
        else if (known !== undefined) value += known;
        else {
          unknown = true;
          value += whole;
        }
      }
      if (value !== undefined) values.push(value);
      else at += 1;
    }
    commands.push({ name, arguments: values, unknown });
    if (line.startsWith("\\\\", at)) break;
  }
  return commands;
}
