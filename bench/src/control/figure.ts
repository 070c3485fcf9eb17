/**
 * What a figure of the control plane is: measured against the bare alternative, or a bound, in the same run. One file a figure; the list is in figures.ts.
 */
import type { TestServer } from "@watertight/testkit";

/** One measured figure, as `--json` prints it. */
export interface FigureResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, in the same unit; null for a figure that stands alone. */
  readonly baseline: number | null;
  /** value / baseline */
  readonly ratio: number | null;
  /** The figure to reach, in words. */
  readonly target: string;
  readonly ok: boolean;
  /** What a reader must know to judge it. */
  readonly note?: string;
}

/** What a figure may use. */
export interface FigureContext {
  readonly quick: boolean;
  readonly postgres: 15 | 18;
  /** Tells a waiting person how far it is. */
  say(text: string): void;
  /** Runs something once for all figures that share it. */
  shared<T>(name: string, run: () => Promise<T>): Promise<T>;
  /** A server as in production: on disk, a commit is there before it is told. Stopped at the end of the run. */
  durableServer(): Promise<TestServer>;
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

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** A result that is judged by its ratio to the bare way. */
export function byRatio(name: string, value: number, baseline: number, unit: string, limit: number): FigureResult {
  const ratio = value / baseline;
  return {
    name,
    value: rounded(value),
    unit,
    baseline: rounded(baseline),
    ratio: rounded(ratio),
    target: `<= ${limit} x`,
    ok: ratio <= limit,
  };
}

/** A result that is judged by itself; `baseline` is told beside it. */
export function byValue(
  name: string,
  value: number,
  unit: string,
  limit: number,
  baseline: number | null = null,
): FigureResult {
  return {
    name,
    value: rounded(value),
    unit,
    baseline: baseline === null ? null : rounded(baseline),
    ratio: baseline === null ? null : rounded(value / baseline),
    target: `<= ${limit} ${unit}`,
    ok: value <= limit,
  };
}
