/**
 * The answer of attacks that did not run. Must never look like one that found nothing: its note says why.
 */
import type { Matrix } from "../matrix/matrix.ts";

/** The matrix of no attack; `why` is its only note. */
export const noAttacks = (why: string | null): Matrix => ({
  cells: [],
  notes: why === null ? [] : [{ vector: "", text: why, attempt: null }],
  seeded: [],
  attempts: 0,
  connections: 0,
});
