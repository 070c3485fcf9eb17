/**
 * Progress of a run on stderr: a bar that counts on a terminal, a plain line now and then otherwise, nothing with --json. A line for each of ten thousand
 * tenants would help nobody.
 */
import type { WaveEvent } from "@watertight/control";
import { harmless } from "../../output/printer.ts";
import type { Io } from "../../io.ts";

/** Shows events; `end` leaves the line. */
export interface WaveProgress {
  show(event: WaveEvent): void;
  end(): void;
}

const every = { drawn: 100, told: 5000 };
const length = 24;

/** For these outputs. */
export function waveProgress(io: Io, quiet: boolean): WaveProgress {
  if (quiet) return { show: () => {}, end: () => {} };
  let [wave, all, done, failed, shown] = [0, 0, 0, 0, 0];
  let last = "";
  const line = (): string => {
    const bar = "#".repeat(all === 0 ? length : Math.round((done / all) * length)).padEnd(length, ".");
    return `wave ${wave}  ${bar}  ${done}/${all}${failed > 0 ? `  ${failed} failed` : ""}${last}`;
  };
  const draw = (always: boolean): void => {
    const now = performance.now();
    if (!always && now - shown < (io.interactive ? every.drawn : every.told)) return;
    shown = now;
    io.err(io.interactive ? `\r\u001b[K${line()}`.slice(0, io.width + 4) : `${line()}\n`);
  };
  return {
    show(event) {
      if (event.event === "run")
        io.err(`run ${event.run}: ${event.targets} targets behind, ${event.current} at the release\n`);
      else if (event.event === "wave") [wave, all, done, failed, last] = [event.wave, event.targets, 0, 0, ""];
      else if (event.event === "target") {
        done++;
        if (event.state === "failed") failed++;
        if (event.failure !== null) last = ` (${harmless(event.target)}: ${event.failure.code})`;
        draw(done === all);
      } else if (event.event === "pause") draw(true);
      if (io.interactive && (event.event === "end" || (event.event === "target" && done === all))) io.err("\n");
    },
    end() {
      if (io.interactive) io.err("\r\u001b[K");
    },
  };
}
