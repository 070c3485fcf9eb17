/** Ids that people read aloud and paste: a prefix, then time and chance in letters that nobody mixes up. They sort by time. */
import { randomBytes } from "node:crypto";

const letters = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A new id.
 * @example newId("op") // op_1hf3k2m0d7q9c4tz8xwv
 */
export function newId(prefix: string, now: number = Date.now()): string {
  let time = "";
  for (let rest = now, i = 0; i < 9; i++, rest = Math.floor(rest / 32)) time = letters[rest % 32] + time;
  return `${prefix}_${time}${[...randomBytes(11)].map((byte) => letters[byte % 32]).join("")}`;
}
