/**
 * D12: a function of the project that is marked LEAKPROOF. PostgreSQL takes the word for it and may ask the function about rows before row security
 * has hidden them; one RAISE, one cast, one division shows them. A function without arguments sees no row.
 */
import type { Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { routineObject } from "../exposure/routines.ts";
import { said } from "../exposure/words.ts";
import { needsSql } from "../judge/sql-access.ts";
import type { Facts, Rule } from "../rule.ts";

/** The rule. */
export const leakproofFunction: Rule = {
  id: "D12",
  slug: "D12-leakproof-function",
  title: "A function of the project is LEAKPROOF",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.routines
      .filter(
        (routine) =>
          routine.leakproof && routine.extension === null && routine.arguments.length > 0 && usable(facts, routine),
      )
      .map((routine) => {
        const talks = /\braise\b/i.test(routine.body);
        return {
          object: routineObject(facts, routine),
          message: `Function ${said(routine)} is marked LEAKPROOF, so it may be asked about rows before row security hides them${talks ? ", and it raises messages with what it sees" : ": every error or message of it shows a hidden row"}.`,
          severity: needsSql(facts, /^(c|internal)$/.test(routine.language) ? "low" : "high", "medium"),
          evidence: [
            "pg_proc.proleakproof is true; only a superuser can say so",
            `it is written in ${routine.language}`,
            ...(talks ? ["its body has RAISE"] : []),
          ],
          keys: [objectKey.routine(routine.signature)],
          fix: `alter function ${routine.signature} not leakproof;`,
          attackable: talks,
        };
      }),
};

/** By EXECUTE, or behind an operator, which asks for none. */
function usable({ reach, snapshot }: Facts, routine: Routine): boolean {
  return reach.canCall(routine) || snapshot.operators.some(({ calls }) => calls === routine.signature);
}
