// Runs a command line in process and keeps what it wrote.
import { Readable } from "node:stream";
import { run } from "../../src/run.ts";

export interface Captured {
  exitCode: number;
  out: string;
  err: string;
  /** The JSON document on stdout. */
  json(): Record<string, any>;
}

export interface CaptureOptions {
  env?: Record<string, string>;
  input?: string;
  interactive?: boolean;
  colour?: boolean;
  cwd?: string;
  /** Stands for Ctrl-C; it is given what was printed until then, and a way to ask again. */
  interrupted?: (out: string, outNow: () => string) => Promise<void>;
}

/** Runs `watertight …argv`. */
export async function capture(argv: string[], options: CaptureOptions = {}): Promise<Captured> {
  let out = "";
  let err = "";
  const exitCode = await run(argv, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    stdin: Readable.from([options.input ?? ""]),
    interactive: options.interactive ?? false,
    colour: options.colour ?? false,
    cwd: options.cwd ?? process.cwd(),
    width: 100,
    env: options.env ?? {},
    untilInterrupted: () => options.interrupted?.(out, () => out) ?? Promise.resolve(),
  });
  return { exitCode, out, err, json: () => JSON.parse(out) as Record<string, any> };
}
