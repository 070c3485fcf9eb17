/**
 * D1: a view that reads as its owner, and an owner whom row security does not bind. Silent where the owner is bound (FORCE and a policy TO PUBLIC:
 * the caller's context counts inside, too), where the view compares the tenant itself (D11, D16), and where the owner bypasses everything (D13).
 */
import { objectKey } from "../../history/object-key.ts";
import { openViews } from "../exposure/open-views.ts";
import { viewFinding } from "../exposure/view-finding.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const definerView: Rule = {
  id: "D1",
  slug: "D1-definer-view",
  title: "A view reads past row security",
  needs: "catalog",
  find: (facts) =>
    openViews(facts).flatMap((open) => {
      const finding = viewFinding(open, ({ why }) => why !== "bypass");
      return finding === null ? [] : [{ ...finding, keys: [objectKey.relation(open.view)] }];
    }),
};
