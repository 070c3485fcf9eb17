/** Counts of statements by phase, printed as one line of JSON at the end of a file. */
import type { Trial } from "./hostile-class.ts";

export interface Counts {
  classes: number;
  executed: number;
  refused: number;
  errored: number;
  leaked: number;
}

export type Tally = Map<string, Counts>;

export const newTally = (): Tally => new Map();

export function count(tallies: Tally, phase: string, add: Partial<Counts>): void {
  const counts = tallies.get(phase) ?? { classes: 0, executed: 0, refused: 0, errored: 0, leaked: 0 };
  for (const [name, value] of Object.entries(add)) counts[name as keyof Counts] += value;
  tallies.set(phase, counts);
}

export function tally(tallies: Tally, phase: string, trial: Trial): void {
  count(tallies, phase, {
    classes: 1,
    executed: trial.executed,
    refused: trial.refused,
    errored: trial.errored,
    leaked: trial.leaks.length > 0 ? 1 : 0,
  });
}

export function printTally(title: string, tallies: Tally): void {
  console.log(JSON.stringify({ test: title, ...Object.fromEntries(tallies) }));
}

/** A trial in one line, for messages of failed tests. */
export function brief(trial: Trial): string {
  const answers = (said: Trial["attack"]): string =>
    said.map(({ code, rows }) => code ?? `${JSON.stringify(rows).slice(0, 60)}`).join(" | ");
  return `${trial.leaks.join(", ") || "no leak"}; borrower ${trial.borrower}; attack ${answers(trial.attack)}; meanwhile ${answers(trial.meanwhile)}; loot ${answers(trial.loot)}`;
}
