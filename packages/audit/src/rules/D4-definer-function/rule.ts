/**
 * D4: a SECURITY DEFINER function that lends its owner's sight. Silent where row security binds the owner, too. Where the body compares rows with the
 * context, or only says yes or no, the severity is low and the message says what was seen. Owners that bypass everything are D13's.
 */
import { definerFindings } from "../exposure/definer-findings.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const definerFunction: Rule = {
  id: "D4",
  slug: "D4-definer-function",
  title: "A definer function reaches past row security",
  needs: "catalog",
  find: (facts) => definerFindings(facts, ({ why }) => why !== "bypass"),
};
