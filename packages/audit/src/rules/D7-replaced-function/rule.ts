/**
 * D7: CREATE OR REPLACE FUNCTION keeps the owner and the grants, but not SET search_path: what the new text does not say is gone. Only for definer
 * functions; silent where a later statement gives a path back.
 */
import { quoteName, type Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { shadowable } from "../D5-definer-path/rule.ts";
import { routineObject } from "../exposure/routines.ts";
import { listed, said } from "../exposure/words.ts";
import { needsSql } from "../judge/sql-access.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import { eventsOf } from "../timeline/routines.ts";
import { type Moment, timelineOf } from "../timeline/timeline.ts";

/** The rule. */
export const replacedFunction: Rule = {
  id: "D7",
  slug: "D7-replaced-function",
  title: "Replacing a function dropped its search_path",
  needs: "history",
  find: (facts) => {
    const moments = facts.history ? timelineOf(facts.history) : [];
    return facts.snapshot.routines.flatMap((routine) =>
      routine.securityDefiner && !routine.settings.some((setting) => setting.startsWith("search_path="))
        ? (finding(facts, moments, routine) ?? [])
        : [],
    );
  },
};

function finding(facts: Facts, moments: readonly Moment[], routine: Routine): RuleFinding | null {
  let given: Moment | null = null;
  let lost: Moment | null = null;
  for (const { what, path, moment } of eventsOf(moments, routine)) {
    if (what === "dropped") given = lost = null;
    else if (path === true) [given, lost] = [moment, null];
    else if (what === "replaced" && given !== null) lost ??= moment;
  }
  if (given === null || lost === null) return null;
  const shadow = facts.reach.canCall(routine) || routine.returns === "trigger" ? shadowable(facts, routine) : null;
  const open = shadow !== null && shadow.way !== null;
  return {
    object: routineObject(facts, routine),
    message: `Definer function ${said(routine)} lost its search_path when it was replaced without SET${
      open ? `: a caller who ${shadow.way} decides what it reads as ${listed(shadow.names)}` : ""
    }.`,
    severity: open ? needsSql(facts, "high") : "low",
    evidence: [
      `a path was given at ${given.statement.place.file}:${given.statement.place.line}`,
      `replaced without one at ${lost.statement.place.file}:${lost.statement.place.line}`,
      ...(shadow === null
        ? ["its names can't be redirected today"]
        : [`names without a schema: ${listed(shadow.names)}`]),
    ],
    keys: [objectKey.routine(routine.signature)],
    place: lost.statement.place,
    fix: `alter function ${routine.signature} set search_path = ${quoteName(routine.schema)}, pg_temp;\n-- and repeat SET in every CREATE OR REPLACE FUNCTION`,
    attackable: open,
  };
}
