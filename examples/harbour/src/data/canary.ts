// Canaries: a mark in every text of a tenant's rows that says whose it is. One foreign mark anywhere in a reply is a leak; nothing else has
// to be understood to see it. A mark survives e-mail addresses, file names, CSV, JSON and URLs: letters and digits only.
import { createHash } from "node:crypto";

const MARK = /wt([0-9a-f]{6})x([0-9a-z]+)x/g;

/** The six characters that stand for a tenant in its marks. */
export function canaryCode(seed: string, tenant: number): string {
  return createHash("sha256").update(`${seed}\u0000canary\u0000${tenant}`).digest("hex").slice(0, 6);
}

/** A maker of marks for one tenant: each call gives a new one, so marks can be counted as rows. */
export function canaries(code: string): () => string {
  let n = 0;
  return () => `wt${code}x${(n++).toString(36)}x`;
}

/** All marks in a text that are not the tenant's own. */
export function foreignMarks(text: string, ownCode: string): Set<string> {
  const found = new Set<string>();
  for (const match of text.matchAll(MARK)) {
    if (match[1] !== ownCode) found.add(match[0]);
  }
  return found;
}

/** Records of a JSON, CSV or text reply in which a foreign mark stands. */
export function foreignRecords(text: string, ownCode: string): Set<string> {
  return new Set(text.split(/\},\s*\{|\r?\n/).filter((record) => foreignMarks(record, ownCode).size > 0));
}

/** How many marks of this tenant are in a text: a reply without any shows nothing, not even to its owner. */
export function ownMarks(text: string, ownCode: string): number {
  let count = 0;
  for (const match of text.matchAll(MARK)) if (match[1] === ownCode) count += 1;
  return count;
}
