// How long and from which seed a random test without a long life of its own runs. In an ordinary run the seed is fixed: what fails can be
// repeated, and a run of CI never fails for a text that nobody touched. The soak asks for new seeds and more runs.
import { randomInt } from "node:crypto";

/** What `fc.assert` takes. */
export interface PropertyRun {
  readonly seed: number;
  readonly numRuns: number;
}

const USUAL = 20_261_121;

/**
 * The seed of a random test: PROPERTY_SEED when it is a number, a new one when it is `new`, a fixed one otherwise.
 * A new one is printed, so that it can be given again.
 */
export function propertySeed(): number {
  const given = process.env["PROPERTY_SEED"];
  if (given === undefined) return USUAL;
  if (given !== "new") return Number(given) | 0;
  const seed = randomInt(2 ** 31);
  process.stdout.write(`PROPERTY_SEED=${seed}\n`);
  return seed;
}

/**
 * Settings of a property that an ordinary run tries `runs` times; PROPERTY_FACTOR multiplies that.
 * @example
 * fc.assert(fc.property(fc.string(), (text) => …), propertyRun(400));
 */
export function propertyRun(runs: number): PropertyRun {
  const factor = Number(process.env["PROPERTY_FACTOR"] ?? 1);
  return { seed: propertySeed(), numRuns: Math.max(1, Math.round(runs * (factor > 0 ? factor : 1))) };
}
