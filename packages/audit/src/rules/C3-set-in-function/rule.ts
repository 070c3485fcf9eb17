/**
 * C3: a function sets the context with a plain SET. In a transaction that commits it stays for the session, exactly as set_config(…, false):
 * BEGIN … COMMIT around the call does not end it. Only SET LOCAL ends with the transaction.
 */
import { said } from "../exposure/words.ts";
import type { Rule } from "../rule.ts";
import { leftBehind } from "../session/left-behind.ts";

/** The rule. */
export const setInFunction: Rule = {
  id: "C3",
  slug: "C3-set-in-function",
  title: "A function sets the context with SET, which a commit keeps",
  needs: "catalog",
  find: (facts) =>
    leftBehind(facts, "SET", (routine, names) => ({
      message: `${said(routine)}() says SET ${names} without LOCAL: once its transaction commits, the connection's next borrower works as that tenant.`,
      fix: "SET LOCAL, or set_config(…, true)",
    })),
};
