/**
 * What a figure of the control plane is: measured against the bare alternative, or a bound, in the same run. One file a figure; the list is in figures.ts.
 */

/** One measured figure, as `--json` prints it. */
export interface FigureResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, in the same unit. */
  readonly baseline: number;
  /** value / baseline */
  readonly ratio: number;
  /** The figure to reach, in words. */
  readonly target: string;
  readonly ok: boolean;
}

/** What a figure may use. */
export interface FigureContext {
  readonly quick: boolean;
  readonly postgres: 15 | 18;
  /** Tells a waiting person how far it is. */
  say(text: string): void;
  /** Runs something once for all figures that share it. */
  shared<T>(name: string, run: () => Promise<T>): Promise<T>;
}

/** One figure. */
export interface Figure {
  readonly name: string;
  measure(context: FigureContext): Promise<FigureResult>;
}

/** A result from its parts. */
export function judged(
  name: string,
  unit: string,
  { value, baseline, target, ok }: { value: number; baseline: number; target: string; ok: boolean },
): FigureResult {
  const round = (number: number): number => Math.round(number * 1000) / 1000;
  return { name, value: round(value), unit, baseline: round(baseline), ratio: round(value / baseline), target, ok };
}
