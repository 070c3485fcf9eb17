// Our end of the guard (guard/guard.mjs): starts it detached, sends commands, reads answers. The guard owns the server and its
// folder; this side only asks. Must never keep the Node process alive by itself: a script that forgets stop() still ends.
import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { EmbeddedError } from "./errors.ts";
import type { Identity } from "./readable-binaries.ts";

interface Answer {
  ran?: number | string;
  output?: string;
  serving?: number;
  ended?: number | string;
}

/** A running guard with the folders it will remove. */
export interface Guard {
  /** Runs a command to its end (initdb). */
  run(file: string, args: string[]): Promise<{ code: number | string; output: string }>;
  /** Starts the server; resolves with its pid. */
  serve(file: string, args: string[]): Promise<number>;
  /** Resolves when the server has ended by itself (a lost race for the port, a bad setting). */
  ended(): Promise<number | string>;
  /** Stops the server, removes the folders, ends the guard. */
  close(): Promise<void>;
}

/** Starts a guard that will remove `folders`. */
export function startGuard(folders: string[], log: string, identity: Identity | undefined): Guard {
  const file = fileURLToPath(new URL("../guard/guard.mjs", import.meta.url));
  // LC_ALL and TZ: the same server on every machine. No PG* variables of the developer reach it.
  const env = { PATH: process.env["PATH"] ?? "", LC_ALL: "C", TZ: "UTC" };
  const spec = JSON.stringify({ folders, log, env, ...identity });
  // detached: an own session, so that Ctrl-C in the terminal reaches us and not the server before its guard.
  const child: ChildProcess = spawn(process.execPath, [file, spec], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    cwd: "/",
    env: {},
  });
  child.unref();
  const input = child.stdin as Socket;
  const output = child.stdout as Socket;
  input.on("error", () => {});
  input.unref();
  output.unref();

  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const waiting: ((answer: Answer) => void)[] = [];
  const early: Answer[] = [];
  createInterface({ input: output }).on("line", (line) => {
    const answer = JSON.parse(line) as Answer;
    const next = waiting.shift();
    if (next) next(answer);
    else early.push(answer);
  });

  const failed = gone.then((): never => {
    throw new EmbeddedError(
      "WT_EMBEDDED_SERVER_FAILED",
      "The guard process of the embedded server ended unexpectedly.",
    );
  });
  failed.catch(() => {});

  const next = async (): Promise<Answer> =>
    early.shift() ?? Promise.race([new Promise<Answer>((resolve) => waiting.push(resolve)), failed]);

  // The handles count for Node's life only while somebody waits for an answer that will come soon.
  let holders = 0;
  const hold = async <T>(work: () => Promise<T>): Promise<T> => {
    if (holders++ === 0) {
      child.ref();
      output.ref();
    }
    try {
      return await work();
    } finally {
      if (--holders === 0) {
        child.unref();
        output.unref();
      }
    }
  };
  const send = (command: unknown): void => {
    input.write(`${JSON.stringify(command)}\n`);
  };

  return {
    run: (command, args) =>
      hold(async () => {
        send({ run: [command, args] });
        const { ran, output: text } = await next();
        return { code: ran ?? "no exit code", output: text ?? "" };
      }),
    serve: (command, args) =>
      hold(async () => {
        send({ serve: [command, args] });
        const answer = await next();
        if (answer.serving === undefined)
          throw new EmbeddedError(
            "WT_EMBEDDED_SERVER_FAILED",
            `postgres could not be executed: ${answer.ended ?? "unknown"}`,
          );
        return answer.serving;
      }),
    ended: async () => (await next()).ended ?? "unknown",
    close: () =>
      hold(async () => {
        input.end();
        await gone;
      }),
  };
}
