// The command line. Pure.
export interface Arguments {
  once: boolean;
  json: boolean;
  /** Holes to open in the first act; empty means all. */
  open: string[];
  port: number | undefined;
  seed: string | undefined;
  help: boolean;
}

export class UsageError extends Error {}

export const usage = `npm start -- [options]

  --open A1,C8      open only these holes (vector or name) and leave the leaking server up beside the shipped one
  --once            exit after the table: 0 if everything was refused as shipped and every opened hole leaked, 1 otherwise
  --json            one JSON document on stdout instead of the table (npm adds lines of its own: npm run -s start -- --json)
  --port 4280       port of the shipped server (by default 4280, or a free one where that is taken)
  --seed harbour-1  other companies, other ids
  --help

Environment: DATABASE_URL (a PostgreSQL 15 to 18 to use instead of the embedded one; its user may create databases and roles),
NO_COLOR, HARBOUR_ONCE=1 (as --once).`;

export function parseArguments(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Arguments {
  const parsed: Arguments = {
    once: env["HARBOUR_ONCE"] === "1",
    json: false,
    open: [],
    port: undefined,
    seed: undefined,
    help: false,
  };
  const rest = args.flatMap((arg) =>
    /^--\w+=/.test(arg) ? [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg],
  );
  while (rest.length > 0) {
    const name = rest.shift()!;
    const value = (): string => {
      const next = rest.shift();
      if (next === undefined || next.startsWith("--")) throw new UsageError(`${name} needs a value`);
      return next;
    };
    if (name === "--once") parsed.once = true;
    else if (name === "--json") parsed.json = true;
    else if (name === "--help" || name === "-h") parsed.help = true;
    else if (name === "--open")
      parsed.open.push(
        ...value()
          .split(",")
          .filter((hole) => hole !== ""),
      );
    else if (name === "--seed") parsed.seed = value();
    else if (name === "--port") {
      const port = Number(value());
      if (!Number.isInteger(port) || port < 0 || port > 65535)
        throw new UsageError("--port needs a number from 0 to 65535");
      parsed.port = port;
    } else throw new UsageError(`unknown option ${name}`);
  }
  return parsed;
}
