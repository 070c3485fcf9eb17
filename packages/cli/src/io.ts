/**
 * What a command may touch of the process: two outputs, input, environment. Commands get it handed in, so tests run them in process.
 */
import type { Readable } from "node:stream";

/** stdout holds results, stderr progress and errors. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly stdin: Readable;
  /** A person sits at the other end and can answer. */
  readonly interactive: boolean;
  readonly colour: boolean;
  /** The folder in which the command was given. */
  readonly cwd: string;
  /** Characters of a line. */
  readonly width: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Waits until the person ends the waiting with Ctrl-C. */
  untilInterrupted(): Promise<void>;
}

/** The io of a process, which gets its signals. */
export interface ProcessIo extends Io {
  /** Ends the waiting; false when nobody waits. */
  interrupt(): boolean;
}

/** The io of this process. */
export function processIo(): ProcessIo {
  let waiting: (() => void) | undefined;
  const { env } = process;
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0";
  const unwanted = (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    stdin: process.stdin,
    interactive: process.stdin.isTTY === true && process.stdout.isTTY === true && env.CI === undefined,
    colour: !unwanted && (forced || process.stdout.isTTY === true),
    cwd: process.cwd(),
    untilInterrupted() {
      // a promise alone does not keep the process alive
      const alive = setInterval(() => {}, 60_000);
      return new Promise<void>((resolve) => {
        waiting = resolve;
      }).finally(() => clearInterval(alive));
    },
    interrupt() {
      const end = waiting;
      waiting = undefined;
      end?.();
      return end !== undefined;
    },
    width: process.stdout.columns ?? 100,
    env,
  };
}
