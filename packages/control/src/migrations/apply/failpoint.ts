/**
 * Places where a process may die, by number: tests kill it there and run again. Must never change what a number means; add new ones.
 */

/** Called at each place, with its number. */
export type Failpoint = (point: number) => void | Promise<void>;

/** The places. */
export const failpoints = {
  begin: 1,
  ledgerRead: 2,
  beforeTransaction: 3,
  afterCommit: 4,
  beforeMark: 5,
  markedRunning: 6,
  statementRan: 7,
  recorded: 8,
  beforeMirror: 9,
  mirrored: 10,
} as const;
