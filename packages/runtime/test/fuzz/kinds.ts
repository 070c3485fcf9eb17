/**
 * The mix: how many of every 200 iterations are of which kind. The kinds that the promise of 20,000 each is about get
 * 20; at 200,000 iterations that is 20,000 of each, 11,000 of other sloppy kinds, 29,000 correct ones.
 */
import { correctHandlers } from "./correct.ts";
import { type Random, shuffle } from "./random.ts";
import { identityHandlers } from "./sloppy-identity.ts";
import { leftoverHandlers } from "./sloppy-leftovers.ts";
import { waitingHandlers } from "./sloppy-waits.ts";
import type { Handler } from "./turn.ts";

export interface Kind {
  readonly name: string;
  readonly correct: boolean;
  readonly share: number;
  readonly handler: Handler;
}

const handlers: Readonly<Record<string, Handler>> = { ...waitingHandlers, ...leftoverHandlers, ...identityHandlers };
/** Kinds of which 20,000 are promised in every long run. */
export const promised: readonly string[] = [
  "cancel",
  "statement timeout",
  "throw in transaction",
  "forgotten commit",
  "cursor with hold",
  "listen",
  "temp object",
  "session setting",
];
// Each of these costs connections, about 10 ms of two cores: few of them go a long way.
const dear: readonly string[] = ["client timeout", "killed", "unawaited"];
const rest = Object.keys(handlers).filter((name) => !promised.includes(name));
const restShare = (name: string): number => (dear.includes(name) ? 0.5 : 9.5 / (rest.length - dear.length));
const correctShares: Readonly<Record<string, number>> = {
  "read all": 8,
  "read one": 8,
  write: 5.5,
  batch: 2,
  transaction: 2,
  nested: 1.5,
  stream: 1.25,
  "require row": 0.75,
};

export const kinds: readonly Kind[] = [
  ...Object.entries(correctHandlers).map(([name, handler]) => ({
    name,
    correct: true,
    share: correctShares[name] ?? 1,
    handler,
  })),
  ...promised.map((name) => ({ name, correct: false, share: 20, handler: handlers[name] as Handler })),
  ...rest.map((name) => ({ name, correct: false, share: restShare(name), handler: handlers[name] as Handler })),
];

/** Which kind each iteration is: exact quotas in random order. */
export function plan(iterations: number, random: Random): Uint8Array {
  const total = kinds.reduce((sum, kind) => sum + kind.share, 0);
  const order = new Uint8Array(iterations);
  let at = 0;
  let quota = 0;
  kinds.forEach((kind, index) => {
    quota += (kind.share / total) * iterations;
    // Rounded up at the boundary, so that a promised kind never has one too few.
    while (at < Math.min(iterations, Math.round(quota))) order[at++] = index;
  });
  shuffle(order, random);
  return order;
}
