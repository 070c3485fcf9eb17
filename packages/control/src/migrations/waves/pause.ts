/**
 * When a wave stops by itself. Pure decisions over what was seen so far; must never pause without saying why.
 */

/** What pauses a run; absent means: this never does. */
export interface PauseOn {
  /** Share of failed targets of this wave, 0 to 1; default 0: the first failure pauses. `false`: failures never pause. */
  readonly error?: number | false;
  /** Denied events since the run began: how many to bear (default 0), and who knows. */
  readonly denied?: { readonly count: (since: Date) => number | Promise<number>; readonly most?: number };
  /** 95th percentile of the targets' durations against their estimate; for example 3: three times as long. */
  readonly slow?: number;
}

/** What a wave has seen. */
export interface WaveSeen {
  readonly size: number;
  readonly done: number;
  readonly failed: number;
  /** Duration over estimate of each target that is done. */
  readonly slowness: readonly number[];
}

/** Fewer than these say nothing about a percentile. */
const ENOUGH = 20;

/** The value below which a share of the numbers lies. */
function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? 0;
}

/** Why the wave must pause now; undefined when it goes on. */
export function pauseReason({ error = 0, slow }: PauseOn, { size, failed, slowness }: WaveSeen): string | undefined {
  // of the whole wave: a single failure among the first few says little about a rate
  if (error !== false && failed > 0 && failed > error * size)
    return `error: ${failed} of ${size} targets of this wave failed`;
  if (slow !== undefined && slowness.length >= ENOUGH) {
    const p95 = percentile(slowness, 0.95);
    if (p95 > slow) return `slow: 95 % of the targets took up to ${p95.toFixed(1)} times their estimate`;
  }
  return undefined;
}

/** The share behind a wave's name: "10%", 0.1. */
function shareOf(wave: string | number): number | undefined {
  const share =
    typeof wave === "number" ? wave : /^\d+(?:\.\d+)?%$/.test(wave) ? Number(wave.slice(0, -1)) / 100 : Number.NaN;
  return share > 0 && share <= 1 ? share : undefined;
}

/** How many targets are in the waves up to each; undefined where the list makes no sense. */
export function waveSizes(waves: readonly (string | number)[], targets: number): number[] | undefined {
  const sizes: number[] = [];
  for (const wave of waves) {
    const share = shareOf(wave);
    if (share === undefined) return undefined;
    // 0.07 * 100 is a little more than 7
    const size = Math.ceil(share * targets - 1e-9);
    if (size < (sizes.at(-1) ?? 0)) return undefined;
    sizes.push(size);
  }
  return sizes.length === 0 ? undefined : [...new Set(sizes)];
}
