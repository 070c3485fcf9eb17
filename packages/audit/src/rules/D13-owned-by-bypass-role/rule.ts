/**
 * D13: a view or definer function that belongs to a superuser or a role with BYPASSRLS. It reads as that role, so FORCE does not help: the usual end
 * of migrations that run as the administrator. Judged like D1 and D4, for the tables that are open by the attribute alone.
 */
import { objectKey } from "../../history/object-key.ts";
import { definerFindings } from "../exposure/definer-findings.ts";
import type { Exposure } from "../exposure/exposure.ts";
import { openViews } from "../exposure/open-views.ts";
import { viewFinding } from "../exposure/view-finding.ts";
import type { Rule } from "../rule.ts";

const byAttribute = ({ why }: Exposure): boolean => why === "bypass";

/** The rule. */
export const ownedByBypassRole: Rule = {
  id: "D13",
  slug: "D13-owned-by-bypass-role",
  title: "An object lends a role that bypasses row security",
  needs: "catalog",
  find: (facts) => [
    ...openViews(facts).flatMap((open) => {
      const finding = viewFinding(open, byAttribute);
      return finding === null
        ? []
        : [{ ...finding, keys: [objectKey.owner(objectKey.relation(open.view)), objectKey.relation(open.view)] }];
    }),
    ...definerFindings(facts, byAttribute).map((finding) => ({
      ...finding,
      keys: [...(finding.keys ?? []).map(objectKey.owner), ...(finding.keys ?? [])],
    })),
  ],
};
