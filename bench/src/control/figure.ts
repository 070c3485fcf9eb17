/**
 * One figure of the control plane: what was measured, against what in the same run, and what it should be. One file each in this folder, listed in
 * figures.ts.
 */
import type { TestServer } from "@watertight/testkit";

/** A measured figure. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The bare way in the same run, in the same unit; null for figures that stand alone. */
  readonly baseline: number | null;
  readonly ratio: number | null;
  /** As the documentation has it: "<= 1.5 x". */
  readonly target: string;
  readonly ok: boolean;
  /** What a reader must know to judge it. */
  readonly note?: string;
}

/** What a measurement gets. */
export interface FigureRun {
  readonly quick: boolean;
  readonly postgres: 15 | 18;
  readonly say: (text: string) => void;
}

/** Measures on a server of its own, or on the one that it is given. */
export type Measure = (run: FigureRun, server: TestServer) => Promise<readonly Figure[]>;

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** A figure that is judged by its ratio to the bare way. */
export function byRatio(name: string, value: number, baseline: number, unit: string, limit: number): Figure {
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

/** A figure that is judged by itself; `baseline` is told beside it. */
export function byValue(
  name: string,
  value: number,
  unit: string,
  limit: number,
  baseline: number | null = null,
): Figure {
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
