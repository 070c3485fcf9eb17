/** What a run prints: seed first, counts as a table, and on failure the story. */
import { appendFileSync } from "node:fs";
import type { FuzzResult } from "./run-fuzz.ts";
import { promised } from "./kinds.ts";
import type { Leak } from "./ledger.ts";

/** Prints to the terminal past the test runner's capture, which would repeat the test's name above each line. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function tell(title: string, seed: number, { ledger, seconds, done, lost }: FuzzResult): void {
  say(
    `\n${title}: ${done} iterations in ${seconds.toFixed(1)} s (${Math.round(done / seconds)}/s), FUZZ_SEED=${seed}\n${ledger.table()}\n` +
      `foreign rows or marks: ${ledger.leakCount}; correct handlers answered rightly: ${(100 * ledger.rightShare()).toFixed(2)} %; ` +
      `hanging: ${ledger.hangs.length}; unhandled: ${ledger.unhandled.length}; connections lost: ${lost}\n`,
  );
  const path = process.env["FUZZ_REPORT"];
  if (path === undefined) return;
  const sloppy = [...ledger.counts].filter(([kind]) => !kind.correct);
  appendFileSync(
    path,
    `${JSON.stringify({ title, seed, done, seconds, leaks: ledger.leakCount, right: ledger.rightShare(), hangs: ledger.hangs.length, lost, fewestOfAPromisedKind: Math.min(...sloppy.filter(([kind]) => promised.includes(kind.name)).map(([, { done: n }]) => n)) })}\n`,
  );
}

/** The first leaks with what ran around them. */
export function stories(leaks: readonly Leak[], most: number = 3): string {
  return leaks
    .slice(0, most)
    .map(
      ({ iteration, kind, tenant, pool, owner, where, evidence, story }) =>
        `iteration ${iteration} (${kind}) as tenant ${tenant} on pool ${pool} saw ${where} of ${owner}: ${evidence}\n  ${story.join("\n  ")}`,
    )
    .join("\n");
}
