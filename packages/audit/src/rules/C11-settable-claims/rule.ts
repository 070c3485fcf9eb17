/**
 * C11: policies believe claims in a setting that a proxy is meant to set after it has checked the token, and the application's role runs SQL of its
 * own: it can set them, too. Behind PostgREST nobody sends SQL, and there is nothing to say. One note for the database.
 */
import { sendsSql } from "../predicate/helpers.ts";
import type { Rule } from "../rule.ts";
import { plainSources } from "../session/plain-context.ts";
import { plainFinding } from "../session/plain-finding.ts";

/** The rule. */
export const settableClaims: Rule = {
  id: "C11",
  slug: "C11-settable-claims",
  title: "The application can set the claims that policies believe",
  needs: "catalog",
  find: (facts) =>
    plainFinding(
      facts,
      sendsSql(facts) ? plainSources(facts, "claims") : [],
      "Policies believe claims in a setting, and the application's role sends SQL itself: whoever gets SQL in writes the claims of another user.",
      "verify in the database who asks (a sealed context: watertight kit install), or let the proxy's role alone send SQL",
    ),
};
