/**
 * Names of what the attacks add to the throw-away database: others in every run, because a schema that knows them may behave while it is attacked. They
 * come from the run's seed, so that a script of the report runs in a server that is stood up again. Must never be a name that the schema has. Pure.
 */
import type { Facts } from "../../rules/rule.ts";
import type { Randomness } from "../personas/tenants.ts";

/** The names. */
export interface LabNames {
  readonly schema: string;
  /** The role behind most proofs. */
  readonly unbound: string;
}

/** Chooses them. */
export function labNames({ snapshot }: Pick<Facts, "snapshot">, random: Randomness): LabNames {
  const taken = new Set([...snapshot.schemas, ...snapshot.roles].map(({ name }) => name));
  const choose = (prefix: string): string => {
    for (let turn = 0; ; turn += 1) {
      const name = `${prefix}_${random(`name ${prefix} ${turn}`, 8)}`;
      if (!taken.has(name)) return name;
    }
  };
  return { schema: choose("lab"), unbound: choose("all") };
}
