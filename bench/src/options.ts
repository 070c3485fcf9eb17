/**
 * Command-line options of the benchmarks.
 */
import { parseArgs } from "node:util";
import { caseNames } from "./data/cases.ts";
import { drivers, variants } from "./drivers/target.ts";
import type { Selection } from "./hot-path/plan.ts";
import { transportNames } from "./transport/transport.ts";

/** What was asked for. */
export interface Options extends Selection {
  readonly json: boolean;
  readonly postgres: 15 | 18;
  /** Time for each variant of each case, milliseconds; undefined: the mode's own. */
  readonly cellMs: number | undefined;
  /** Write the report to this file as well, and a Markdown table beside it. */
  readonly out: string | undefined;
}

const usage = `Usage: npm run bench:hot-path -- [options]     npm run bench:rls -- [options]
  --quick             the whole matrix in under 45 s, with more noise
  --json              print the report as JSON
  --postgres 15|18    embedded server version (default 18; DATABASE_URL wins)
  --out FILE.json     also write FILE.json and FILE.md
  --cell-ms N         measuring time of each variant of each case
  --driver, --variant, --case, --transport, --connections   only these, separated by commas`;

/** Parses `argv`; prints the usage and ends the process when it makes no sense. */
export function parseOptions(argv: readonly string[]): Options {
  try {
    const text = { type: "string" } as const;
    const flag = { type: "boolean", default: false } as const;
    const { values } = parseArgs({
      args: [...argv],
      options: {
        quick: flag,
        json: flag,
        help: flag,
        postgres: { type: "string", default: "18" },
        out: text,
        "cell-ms": text,
        driver: text,
        variant: text,
        case: text,
        transport: text,
        connections: text,
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    if (values.postgres !== "15" && values.postgres !== "18") throw new Error("--postgres must be 15 or 18");
    const cellMs = values["cell-ms"] === undefined ? undefined : Number(values["cell-ms"]);
    if (cellMs !== undefined && !(cellMs > 0)) throw new Error("--cell-ms must be a number of milliseconds");
    // Said before the run, not after its minutes.
    if (values.out !== undefined && !values.out.endsWith(".json")) throw new Error("--out must name a .json file");
    return {
      quick: values.quick,
      json: values.json,
      postgres: values.postgres === "15" ? 15 : 18,
      cellMs,
      out: values.out,
      ...chosen("drivers", values.driver, drivers),
      ...chosen("variants", values.variant, variants),
      ...chosen("cases", values.case, caseNames),
      ...chosen("transports", values.transport, transportNames),
      ...(values.connections === undefined ? {} : { connections: values.connections.split(",").map(Number) }),
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}

function chosen<K extends string, T extends string>(
  key: K,
  text: string | undefined,
  allowed: readonly T[],
): { [P in K]?: T[] } {
  if (text === undefined) return {};
  const wanted = text.split(",");
  const unknown = wanted.find((one) => !(allowed as readonly string[]).includes(one));
  if (unknown !== undefined) throw new Error(`${key}: ${unknown} is none of ${allowed.join(", ")}`);
  return { [key]: wanted } as { [P in K]?: T[] };
}
