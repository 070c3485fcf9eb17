/**
 * What an identifier gives away: whether a stranger can guess one that exists. It decides how much an oracle is worth (E1, E3, E5): "does this
 * uuid exist" tells nothing to somebody who has no uuid, "does bob@example.com exist" tells a lot.
 */
import type { Relation } from "@watertight/schema";

/** random: long and unguessable; sequential: counted; natural: a word of the world, such as an e-mail address. */
export type Guessability = "random" | "sequential" | "natural";

const secretNames = /token|hash|secret|digest|sha\d|signature|nonce|fingerprint|api_?key|etag/i;
// text that is called an id is made by the application (cuid, ulid, an id of Stripe): nobody counts it
const idNames = /(^|_)(id|uuid|guid|cuid|ulid|uid)$|[a-z](Id|ID|Uuid|UUID)$/;
const integers = /^(smallint|integer|bigint|numeric)/;
const texts = /^(text|character|citext|name|"char")|\.citext$/;

/** Judges one column. */
export function guessability(relation: Relation, column: string): Guessability {
  const found = relation.columns.find(({ name }) => name === column);
  if (found === undefined) return "natural";
  if (found.baseType === "uuid") return /uuid_generate_v1/.test(found.default ?? "") ? "sequential" : "random";
  if (found.baseType === "bytea") return "random";
  if (integers.test(found.baseType)) {
    const counted = found.identity !== null || /nextval\(/.test(found.default ?? "") || idNames.test(column);
    return counted ? "sequential" : "natural";
  }
  return texts.test(found.baseType) && (idNames.test(column) || secretNames.test(column)) ? "random" : "natural";
}

/** Judges a key of several columns: one that can't be guessed hides the whole. */
export function guessabilityOf(relation: Relation, columns: readonly string[]): Guessability {
  const all = columns.map((column) => guessability(relation, column));
  if (all.includes("random")) return "random";
  return all.includes("natural") ? "natural" : "sequential";
}
