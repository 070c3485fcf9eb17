/**
 * Accepted risks: which are in force, which have run out, which ask for too much. Must never accept without a reason and a last day, and never
 * for ever.
 */
import type { FindingObject } from "../rules/rule.ts";
import type { AcceptConfig } from "./config.ts";
import { expiryProblem } from "./expiry.ts";
import type { Suppression } from "./suppressions.ts";

/** Problems of a list of accepted risks, each a sentence with its place in the file. */
export function acceptProblems(
  accept: readonly AcceptConfig[],
  today: Date,
  maxDays: number,
): { readonly expired: boolean; readonly sentence: string }[] {
  return accept.flatMap(({ rule, target, expires }, at) => {
    const problem = expiryProblem(expires, today, maxDays);
    return problem ? [{ expired: problem.expired, sentence: `accept[${at}] (${rule} ${target}) ${problem.text}` }] : [];
  });
}

/** What an acceptance is compared with. */
export interface Acceptable {
  readonly id: string;
  readonly vector: string;
  readonly object: FindingObject;
  /** Where the statement to blame starts. */
  readonly place: { readonly file: string; readonly line: number } | null;
}

/** The acceptance of a finding, as reports show it; null when there is none in force. */
export function acceptanceOf(
  finding: Acceptable,
  accept: readonly AcceptConfig[],
  suppressions: readonly Suppression[],
  today: Date,
  file: string,
): { readonly reason: string; readonly until: string; readonly where: string } | null {
  const inForce = (until: string): boolean => expiryProblem(until, today, Number.POSITIVE_INFINITY) === null;
  const at = accept.findIndex((entry) => inForce(entry.expires) && meets(entry, finding));
  const entry = accept[at];
  if (entry) return { reason: entry.reason, until: entry.expires, where: `${file}: accept[${at}]` };
  const inline = suppressions.find(
    (each) => each.rules.includes(finding.vector) && inForce(each.until) && covers(each, finding),
  );
  return inline ? { reason: inline.reason, until: inline.until, where: `${inline.file}:${inline.line}` } : null;
}

/** Whether an entry of the configuration means this finding, in force or not. */
export function meets({ rule, target }: AcceptConfig, finding: Acceptable): boolean {
  return rule === finding.vector && names(target, finding);
}

/** Whether a suppression stands at the statement to blame, whichever rules it names. */
export function covers({ file, covers: { from, to } }: Suppression, { place }: Acceptable): boolean {
  return file === place?.file && from <= place.line && place.line <= to;
}

/** Whether a target means this finding: its id, its object with or without schema, or the part of it. */
function names(target: string, { id, object: { schema, name, part } }: Acceptable): boolean {
  const objects = schema === "" ? [name] : [`${schema}.${name}`, ...(schema === "public" ? [name] : [])];
  const parts = part === undefined ? [] : objects.map((each) => `${each}.${part}`);
  return target === id || objects.includes(target) || parts.includes(target);
}
