/**
 * F11: advisory locks are numbers that all roles share. A function that guards something by one can be stopped by any tenant that takes the same
 * number, and pg_locks shows to everybody which numbers are held. No row leaks: a blockade and a signal.
 */
import { objectKey } from "../../history/object-key.ts";
import { callsIn } from "../judge/calls.ts";
import { needsSql } from "../judge/sql-access.ts";
import { kitSchema } from "../judge/tenant-rows.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const advisoryLocks: Rule = {
  id: "F11",
  slug: "F11-advisory-locks",
  title: "Advisory lock that every tenant can take",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.routines
      .filter(({ schema, extension }) => schema !== kitSchema && extension === null)
      .flatMap((routine) => {
        const locks = callsIn(routine).filter(({ name }) => /^pg_(try_)?advisory_(xact_)?lock/.test(name));
        if (locks.length === 0) return [];
        return {
          object: { kind: "function", schema: routine.schema, name: routine.name } as const,
          message: `${routine.name}() waits for an advisory lock, and every role may take the same number and keep it: one tenant can stop all others there.`,
          severity: needsSql(facts, "low", "info"),
          evidence: [
            `${routine.signature} calls ${locks.map(({ name }) => name).join(", ")}`,
            "advisory locks have no access list; pg_locks shows them to every role",
          ],
          keys: [objectKey.routine(routine.signature)],
          fix: "Lock a row instead (select … for update under row security), or revoke the advisory lock functions from PUBLIC (superuser) and take the lock in a definer function.",
          attackable: true,
        };
      }),
};
