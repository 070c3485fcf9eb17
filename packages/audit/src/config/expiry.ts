/**
 * The last day of an accepted risk. Days are UTC, and the last one still counts. Must never allow "for ever".
 */

const day = 86_400_000;

/** What is wrong with a last day. */
export interface ExpiryProblem {
  readonly expired: boolean;
  /** The end of a sentence. */
  readonly text: string;
}

/** Judges a last day (YYYY-MM-DD); null when it is in order. */
export function expiryProblem(expires: string, today: Date, maxDays: number): ExpiryProblem | null {
  const last = Date.parse(`${expires}T00:00:00Z`);
  const now = Date.parse(`${isoDay(today)}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(expires) || Number.isNaN(last))
    return { expired: false, text: `has ${expires} as its last day, which is no day (YYYY-MM-DD)` };
  if (last < now) return { expired: true, text: `expired on ${expires}` };
  if (last <= now + maxDays * day) return null;
  const latest = isoDay(new Date(now + maxDays * day));
  return { expired: false, text: `runs until ${expires}; at most ${maxDays} days are allowed, until ${latest}` };
}

function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}
