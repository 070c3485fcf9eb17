/**
 * "Did you mean": the known word nearest to one that nobody knows. Must never suggest a word that is merely short.
 */

/** The nearest of the known words, or undefined where none is near. Case and separators do not count. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const each of known) {
    const distance = editDistance(plain(word), plain(each));
    if (distance < least) [best, least] = [each, distance];
  }
  // one letter in three may be wrong
  return best !== undefined && least <= Math.max(1, Math.floor(word.length / 3)) ? best : undefined;
}

/** The suggestion as the end of a sentence, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known);
  return found === undefined ? "" : `; did you mean ${found}?`;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_\-\s]/g, "");
}

// insertions, deletions, replacements and swapped neighbours cost one each (optimal string alignment)
function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      const swapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
        swapped ? beforeLast[column - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length]!;
}
