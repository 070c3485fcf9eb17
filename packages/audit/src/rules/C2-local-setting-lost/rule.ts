/**
 * C2: a transaction-local context ends with its transaction. A procedure that sets it and then commits goes on without one: what follows finds
 * nothing, or, under a policy that opens up without a context (B3), everything. Outside of functions this is the application's: SET LOCAL in
 * autocommit sets nothing.
 */
import { objectKey } from "../../history/object-key.ts";
import { said } from "../exposure/words.ts";
import { plpgsqlTree } from "../predicate/read-plpgsql.ts";
import type { Rule, RuleFinding } from "../rule.ts";
import { inOrder } from "../session/in-order.ts";
import { settingFunctions } from "../session/settings.ts";

/** The rule. */
export const localSettingLost: Rule = {
  id: "C2",
  slug: "C2-local-setting-lost",
  title: "A procedure commits and goes on without its context",
  needs: "catalog",
  find: (facts) =>
    settingFunctions(facts).flatMap(({ routine }): RuleFinding[] => {
      const tree = routine.language === "plpgsql" && routine.kind === "procedure" ? plpgsqlTree(routine) : null;
      if (tree === null || !losesContext(inOrder(tree))) return [];
      return [
        {
          object: { kind: "function", schema: routine.schema, name: routine.name },
          message: `${said(routine)}() sets the context for its transaction, commits, and works on: after the COMMIT there is no context.`,
          severity: "medium",
          evidence: [`in the body of ${routine.signature} statements follow a COMMIT that ends the context`],
          keys: [objectKey.routine(routine.signature)],
          fix: "set the context again after each COMMIT, or commit last",
          attackable: false,
        },
      ];
    }),
};

/** Set locally, ended, and then a statement on data before it is set again. */
function losesContext(events: ReturnType<typeof inOrder>): boolean {
  let state: "none" | "open" | "lost" = "none";
  for (const event of events) {
    if (event.kind === "setting") state = event.step.scope === "transaction" && !event.step.clears ? "open" : "none";
    else if (event.kind === "end") state = state === "open" ? "lost" : state;
    else if (event.kind === "statement" && state === "lost") return true;
  }
  return false;
}
