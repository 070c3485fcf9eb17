/**
 * Max-min fair shares by progressive filling: everybody's share grows at the pace of its weight until its demand is met
 * or nothing is left. Pure. Must never give more than there is.
 */

/** What one tenant asks for. */
export interface Claim {
  /** Connections it would use if it were alone. */
  readonly demand: number;
  /** Pace of growth; positive. */
  readonly weight: number;
}

/** The result of filling. */
export interface Shares {
  /** Share of each claim, in the order given. */
  readonly shares: readonly number[];
  /** Share per weight at which the filling stopped: nobody may want more than this without taking it from somebody. */
  readonly level: number;
}

/**
 * Fills `capacity` into claims. When all demands fit, the level is the capacity itself: then nobody has to be limited.
 * @example fairShares(10, [{ demand: 200, weight: 1 }, { demand: 2, weight: 1 }]).shares // [8, 2]
 */
export function fairShares(capacity: number, claims: readonly Claim[]): Shares {
  const shares = claims.map(() => 0);
  let open = claims.map((_, i) => i).toSorted((a, b) => rise(claims[a]!) - rise(claims[b]!));
  let left = capacity;
  let weights = claims.reduce((sum, { weight }) => sum + weight, 0);
  // The one that is satisfied first comes first: what it leaves over belongs to the others.
  while (open.length > 0) {
    const [first = 0] = open;
    const { demand, weight } = claims[first]!;
    const level = left / weights;
    if (rise(claims[first]!) >= level) {
      for (const i of open) shares[i] = level * claims[i]!.weight;
      return { shares, level };
    }
    shares[first] = demand;
    left -= demand;
    weights -= weight;
    open = open.slice(1);
  }
  return { shares, level: capacity };
}

const rise = ({ demand, weight }: Claim): number => demand / weight;
