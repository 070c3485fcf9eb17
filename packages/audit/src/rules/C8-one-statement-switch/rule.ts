/**
 * C8: the tenant is a plain setting. SQL that got in (an injection) changes it in the same statement that reads, and the right to do so cannot be
 * revoked. That is the bargain of every design with a setting, good against honest bugs; so it is one note for the database, never more.
 */
import type { Rule } from "../rule.ts";
import { plainSources } from "../session/plain-context.ts";
import { plainFinding } from "../session/plain-finding.ts";

/** The rule. */
export const oneStatementSwitch: Rule = {
  id: "C8",
  slug: "C8-one-statement-switch",
  title: "Whoever can run SQL can change the tenant",
  needs: "catalog",
  find: (facts) =>
    plainFinding(
      facts,
      plainSources(facts, "setting"),
      "The tenant is a plain setting: policies hold against forgotten filters, and not against SQL that an attacker brings in, which sets it in the same statement.",
      "a sealed context (watertight kit install) or a role for each tenant, where injected SQL has to be held off, too",
    ),
};
