/** Counts the records of a CSV as it comes in pieces: a line end inside quotes is part of a value. Pure. */

/** A counter; give it all bytes, then ask. */
export class RowCounter {
  #quoted: boolean = false;
  #rows: number = 0;

  add(bytes: Uint8Array): void {
    for (const byte of bytes) {
      // a doubled quote closes and opens again
      if (byte === 0x22) this.#quoted = !this.#quoted;
      else if (byte === 0x0a && !this.#quoted) this.#rows++;
    }
  }

  /** Records after the header; -1 where not even that is there. */
  get rows(): number {
    return this.#rows - 1;
  }

  /** False: it ends inside a value. */
  get whole(): boolean {
    return !this.#quoted;
  }
}
