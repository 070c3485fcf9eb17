/**
 * Progress of a check on stderr: one line that changes on a terminal, a plain line for each step otherwise, nothing with --json.
 */
import type { Progress } from "@watertight/audit";
import type { Io } from "../../io.ts";

/** Shows progress; `end` clears the line. */
export interface ProgressLine {
  show(progress: Progress): void;
  end(): void;
}

/** How often a changing line is drawn, and how often a log is told that it goes on, in milliseconds. */
const every = { drawn: 100, told: 5_000 };

/** The progress for these outputs. */
export function progressLine(io: Io, quiet: boolean): ProgressLine {
  if (quiet) return { show: () => {}, end: () => {} };
  let last = "";
  let drawn = 0;
  let full = false;
  const start = performance.now();
  return {
    show({ step, text, done, all }) {
      const now = performance.now();
      const count = done === undefined ? "" : `${done}${all === undefined ? "" : ` of ${all}`} `;
      if (io.interactive) {
        if (step === last && now - drawn < every.drawn && done !== all) return;
        drawn = now;
        io.err(`\r\u001b[K  ${count}${text}`.slice(0, io.width));
      } else if (step !== last || now - drawn >= every.told || (done === all && done !== undefined && !full)) {
        drawn = now;
        io.err(`${((now - start) / 1000).toFixed(1).padStart(5)} s  ${count}${text}\n`);
      }
      full = done !== undefined && done === all;
      last = step;
    },
    end() {
      if (io.interactive) io.err("\r\u001b[K");
    },
  };
}
