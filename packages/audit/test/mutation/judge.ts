/**
 * Whether the rules see a mutant: by a finding that the clean schema does not have, or not as severe, of a vector that the operator names or of error
 * level. Must never count a finding that was there before.
 */
import { diffSnapshots } from "@watertight/schema";
import type { Facts, Severity } from "../../src/rules/rule.ts";
import { runRules } from "../../src/rules/run-rules.ts";
import type { Operator } from "./mutation.ts";

/** caught or survived; equal: the catalog did not change, so nothing was broken. */
export interface Judgement {
  readonly state: "caught" | "survived" | "equal";
  /** Findings that are new, those that count first. */
  readonly because: readonly string[];
}

const order: readonly Severity[] = ["info", "low", "medium", "high", "critical"];

/** Whether a finding is of error level. */
export const isError = (severity: Severity): boolean => order.indexOf(severity) >= order.indexOf("high");

/** Findings by their ids. */
export function findingsOf(facts: Facts): ReadonlyMap<string, Severity> {
  return new Map(runRules(facts).map(({ id, severity }) => [id, severity]));
}

/** Judges the facts of a mutant; `before` are the findings of the clean schema. */
export function judge(
  { vectors, history = false }: Operator,
  clean: Facts,
  before: ReadonlyMap<string, Severity>,
  broken: Facts,
): Judgement {
  if (!history && diffSnapshots(clean.snapshot, broken.snapshot).length === 0) return { state: "equal", because: [] };
  const fresh = [...findingsOf(broken)].filter(([id, severity]) => {
    const known = before.get(id);
    return known === undefined || order.indexOf(known) < order.indexOf(severity);
  });
  const counts = fresh.filter(([id, severity]) => isError(severity) || vectors.includes(id.split("-")[0] ?? ""));
  const said = (counts.length > 0 ? counts : fresh).map(([id, severity]) => `${id} ${severity}`);
  return { state: counts.length > 0 ? "caught" : "survived", because: said };
}
