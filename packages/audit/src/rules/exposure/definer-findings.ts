/** The findings that D4 and D13 share: definer functions that the application may call and that work on other tenants' rows. */
import { objectKey } from "../../history/object-key.ts";
import type { Routine } from "@watertight/schema";
import { bodyOf } from "../bodies/body.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, RuleFinding } from "../rule.ts";
import { type Exposure, exposureTo } from "./exposure.ts";
import { gradeOf } from "./grade.ts";
import { exposedTouches, isTriggerFunction, routineObject } from "./routines.ts";
import { listed, said } from "./words.ts";

/** What can't be read is said, never taken for harmless: the owner sees other tenants' rows, and the body may be using that. */
function unread(facts: Facts, routine: Routine, which: (exposure: Exposure) => boolean): RuleFinding[] {
  if (bodyOf(routine).understood || /^(c|internal)$/.test(routine.language)) return [];
  const open = tenantRelations(facts).flatMap((table) => {
    const exposure = exposureTo(facts, routine.owner, table);
    return exposure !== null && which(exposure) ? [exposure.sentence] : [];
  });
  const [first] = open;
  if (first === undefined) return [];
  return [
    {
      object: routineObject(facts, routine),
      message: `Function ${said(routine)} runs as ${routine.owner}, and its body could not be read: whether it compares tenants is not known.`,
      severity: "medium",
      evidence: [
        "pg_proc.prosecdef is true, and an application role has EXECUTE",
        first,
        `the body is in ${routine.language}, or builds SQL that shows only at run time`,
      ],
      keys: [objectKey.routine(routine.signature)],
      fix: "read it: every statement on a table of tenants has to compare the tenant with the context",
      attackable: false,
    },
  ];
}

/** One finding for each function with tables that are exposed in a certain way. */
export function definerFindings(facts: Facts, which: (exposure: Exposure) => boolean): RuleFinding[] {
  return facts.snapshot.routines.flatMap((routine): RuleFinding[] => {
    if (!routine.securityDefiner || routine.extension !== null || routine.schema === "watertight") return [];
    if (isTriggerFunction(routine) || !facts.reach.canCall(routine)) return [];
    const touches = exposedTouches(facts, routine).filter(({ exposure }) => which(exposure));
    const grade = gradeOf(facts, routine, touches);
    if (grade === null) return unread(facts, routine, which);
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
        attackable: grade.severity !== "low" && grade.severity !== "info",
      },
    ];
  });
}
