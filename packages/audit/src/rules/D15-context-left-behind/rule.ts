/**
 * D15: a function that works in another tenant's context and leaves it set. What the caller does next in its transaction (or session) is done as that
 * tenant. Silent for functions whose purpose is to set the context, and for those that give it back.
 */
import { objectKey } from "../../history/object-key.ts";
import { leftContext } from "../bodies/context-writes.ts";
import { isTriggerFunction, routineObject } from "../exposure/routines.ts";
import { said } from "../exposure/words.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const contextLeftBehind: Rule = {
  id: "D15",
  slug: "D15-context-left-behind",
  title: "A function leaves another tenant's context behind",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.routines.flatMap((routine) => {
      if (routine.extension !== null || routine.schema === "watertight") return [];
      if (!isTriggerFunction(routine) && !facts.reach.canCall(routine)) return [];
      const left = leftContext(facts, routine);
      if (left === null) return [];
      const scope = left.session ? "session" : "transaction";
      return [
        {
          object: routineObject(facts, routine),
          message: `Function ${said(routine)} sets ${left.setting} to ${left.chosen ? "a tenant of the caller's choice" : "another value"}, works with rows, and leaves it set: the rest of the ${scope} belongs to that tenant.`,
          severity: left.chosen ? "high" : "medium",
          evidence: [
            `its body sets ${left.setting} and works on tables of tenants afterwards`,
            "no later statement of the body gives the former value back",
            left.session
              ? "it is set for the session: the next borrower of the connection has it, too"
              : "it is set for the transaction",
          ],
          keys: [objectKey.routine(routine.signature)],
          fix: `keep the former value in a variable and set it again at the end, or let a superuser add SET ${left.setting} = '' to the function, which gives back what was set for the transaction`,
          attackable: true,
        } as const,
      ];
    }),
};
