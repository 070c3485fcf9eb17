/** The findings that D4 and D13 share: definer functions that the application may call and that work on other tenants' rows. */
import { objectKey } from "../../history/object-key.ts";
import { bodyOf } from "../bodies/body.ts";
import type { Facts, RuleFinding } from "../rule.ts";
import type { Exposure } from "./exposure.ts";
import { gradeOf } from "./grade.ts";
import { exposedTouches, isTriggerFunction, routineObject } from "./routines.ts";
import { listed, said } from "./words.ts";

/** One finding for each function with tables that are exposed in a certain way. */
export function definerFindings(facts: Facts, which: (exposure: Exposure) => boolean): RuleFinding[] {
  return facts.snapshot.routines.flatMap((routine): RuleFinding[] => {
    if (!routine.securityDefiner || routine.extension !== null || routine.schema === "watertight") return [];
    if (isTriggerFunction(routine) || !facts.reach.canCall(routine)) return [];
    const touches = exposedTouches(facts, routine).filter(({ exposure }) => which(exposure));
    const grade = gradeOf(facts, routine, touches);
    if (grade === null) return [];
    const { table, touch } = grade.touch;
    const tables = [...new Set(touches.map((each) => said(each.table)))];
    const through = touch.through === null ? "" : ` through ${said(touch.through)}`;
    return [
      {
        object: routineObject(facts, routine),
        table: { schema: table.schema, name: table.name },
        message: `Function ${said(routine)} runs as ${routine.owner} and ${grade.does}${through}.`,
        severity: grade.severity,
        evidence: [
          "pg_proc.prosecdef is true, and an application role has EXECUTE",
          ...new Set(touches.map(({ exposure }) => exposure.sentence)),
          `its body touches ${listed(tables)}`,
          ...(bodyOf(routine).understood ? [] : ["a part of the body could not be read"]),
        ],
        keys: [objectKey.routine(routine.signature)],
        fix: "compare the tenant of every row with the context inside the function; or make it SECURITY INVOKER; or force row security and let the policies count inside, too",
        attackable: grade.severity !== "low",
      },
    ];
  });
}
