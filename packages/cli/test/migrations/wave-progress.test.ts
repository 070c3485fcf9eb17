// Progress of a run: a bar that counts, a line a wave where nobody sees a bar, nothing beside a document.
import type { WaveEvent } from "@watertight/control";
import { expect, test } from "vitest";
import { waveProgress } from "../../src/commands/migrations/wave-progress.ts";
import type { Io } from "../../src/io.ts";

const outcome = { event: "target", run: "r", wave: 1, applied: [], retries: 0, durationMs: 1 } as const;
const failure = { code: "WT_MIGRATION_FAILED", sqlstate: null, message: "", file: null, line: null };
const events: WaveEvent[] = [
  { event: "run", run: "r", release: "x", targets: 4, current: 1 },
  { event: "wave", run: "r", wave: 1, targets: 4 },
  ...["a", "b", "c"].map((target) => ({ ...outcome, target, state: "done" as const, failure: null })),
  { ...outcome, target: "d\u001b[2J", state: "failed", failure },
];
const shown = (interactive: boolean, quiet = false): string => {
  let err = "";
  const io = { interactive, width: 100, err: (text: string) => void (err += text) } as unknown as Io;
  const progress = waveProgress(io, quiet);
  for (const event of events) progress.show(event);
  return err;
};

test("plain lines where it is no terminal", () => {
  expect(shown(false)).toContain("run r: 4 targets behind, 1 at the release\n");
  expect(shown(false)).toContain(
    "wave 1  ########################  4/4  1 failed (d\\u001b[2J: WT_MIGRATION_FAILED)\n",
  );
});

test("one line that changes on a terminal, and nothing beside a document", () => {
  expect(shown(true)).toContain("\r\u001b[Kwave 1  ");
  expect(shown(true)).not.toContain("[2J\u001b");
  expect(shown(true, true)).toBe("");
});
