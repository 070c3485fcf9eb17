/**
 * A number with its noun, for sentences. Pure.
 */

/** "1 file", "2 files"; `plural` for nouns that take no -s. */
export function counted(number: number, noun: string, plural: string = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
