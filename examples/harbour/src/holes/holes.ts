// The manifest: every hole of the demonstration. Later holes win where two reroute the same access. test/manifest.test.ts checks it against the intruder's attempts, both ways.
import { applicationHoles } from "./application-holes.ts";
import { databaseHoles } from "./database-holes.ts";
import type { Hole } from "./hole.ts";

export const holes: readonly Hole[] = [...databaseHoles, ...applicationHoles];

/** Holes by id (`admin-pool`) or by leak vector (`A4`: all of that vector). Throws on a name that is neither. */
export function chooseHoles(names: readonly string[]): readonly Hole[] {
  const chosen = new Set<Hole>();
  for (const name of names) {
    const found = holes.filter((hole) => hole.id === name.toLowerCase() || hole.vector === name.toUpperCase());
    if (found.length === 0)
      throw new Error(
        `There is no hole ${name}. Holes: ${holes.map((hole) => `${hole.vector} ${hole.id}`).join(", ")}`,
      );
    for (const hole of found) chosen.add(hole);
  }
  return holes.filter((hole) => chosen.has(hole));
}
