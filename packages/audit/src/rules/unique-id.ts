/**
 * Ids that nothing else in a report has: names may have dots, so two objects can read alike. Pure; must give the same ids for the same findings.
 */

/** The id, or with a number behind it where it is taken; takes it. */
export function uniqueId(id: string, taken: Set<string>): string {
  let unique = id;
  // commands take an id in any case
  for (let number = 2; taken.has(unique.toLowerCase()); number += 1) unique = `${id}.${number}`;
  taken.add(unique.toLowerCase());
  return unique;
}
