/**
 * All rules, by hand, in the order of the catalogue: what is not in this list does not run and is not tested. Each line is one folder.
 */
import type { Rule } from "./rule.ts";

/** Every rule. */
export const rules: readonly Rule[] = [];
