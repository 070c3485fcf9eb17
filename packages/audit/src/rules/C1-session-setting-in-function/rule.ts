/**
 * C1: a function sets the context with set_config(…, false), for the whole session. The next borrower of the connection, also behind a
 * transaction pooler, is then whoever called it last. Only transaction-local context is safe in a pool.
 */
import { said } from "../exposure/words.ts";
import type { Rule } from "../rule.ts";
import { leftBehind } from "../session/left-behind.ts";

/** The rule. */
export const sessionSettingInFunction: Rule = {
  id: "C1",
  slug: "C1-session-setting-in-function",
  title: "A function sets the context for the whole session",
  needs: "catalog",
  find: (facts) =>
    leftBehind(facts, "set_config", (routine, names) => ({
      message: `${said(routine)}() sets ${names} with set_config(…, false): it outlives the transaction, and the connection's next borrower works as that tenant.`,
      fix: "set_config(…, true), called inside the transaction of the work",
    })),
};
