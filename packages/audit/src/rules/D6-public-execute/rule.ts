/**
 * D6: a definer function that everybody may call because nobody took that away. A new function belongs to PUBLIC; DROP and CREATE make it new
 * again, and a REVOKE from before is gone. Only for functions that reach other tenants' rows, and only where PUBLIC is the application's way.
 */
import type { Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { gradeOf } from "../exposure/grade.ts";
import { exposedTouches, isTriggerFunction, routineObject } from "../exposure/routines.ts";
import { said } from "../exposure/words.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import { eventsOf } from "../timeline/routines.ts";
import { type Moment, timelineOf } from "../timeline/timeline.ts";

/** The rule. */
export const publicExecute: Rule = {
  id: "D6",
  slug: "D6-public-execute",
  title: "PUBLIC may execute a definer function",
  needs: "catalog",
  find: (facts) => facts.snapshot.routines.flatMap((routine) => finding(facts, routine) ?? []),
};

function finding(facts: Facts, routine: Routine): RuleFinding | null {
  const { reach, history } = facts;
  const holders = routine.acl.filter(({ privilege }) => privilege === "EXECUTE").map(({ role }) => role);
  if (!routine.securityDefiner || routine.extension !== null || isTriggerFunction(routine)) return null;
  if (!holders.includes("public") || !reach.canCall(routine)) return null;
  // given to the application by name as well: then PUBLIC opens nothing, and the function itself is D4's
  if (holders.some((role) => role !== routine.owner && reach.inherited.has(role))) return null;
  const grade = gradeOf(facts, routine, exposedTouches(facts, routine));
  if (grade === null || grade.severity === "low" || grade.severity === "info") return null;
  const lost = history ? lostRevoke(timelineOf(history), routine) : null;
  const meant = holders.filter((role) => role !== "public" && role !== routine.owner);
  return {
    object: routineObject(facts, routine),
    table: { schema: grade.touch.table.schema, name: grade.touch.table.name },
    message:
      lost === null
        ? `Everybody may call ${said(routine)}, which runs as ${routine.owner} and ${grade.does}: nobody revoked EXECUTE from PUBLIC${meant.length > 0 ? `, although it is meant for ${meant.join(", ")}` : ""}.`
        : `EXECUTE on ${said(routine)} was revoked from PUBLIC, but the function was dropped and created again: everybody may call it, and it ${grade.does}.`,
    severity: lost !== null || meant.length > 0 ? "high" : "medium",
    evidence: [
      "pg_proc.proacl lets PUBLIC execute it",
      ...(lost === null
        ? []
        : [
            `revoked at ${lost.revoked.statement.place.file}:${lost.revoked.statement.place.line}`,
            `made anew at ${lost.made.statement.place.file}:${lost.made.statement.place.line}`,
          ]),
    ],
    keys: [objectKey.grant(objectKey.routine(routine.signature), "public"), objectKey.routine(routine.signature)],
    ...(lost === null ? {} : { place: lost.made.statement.place }),
    fix: `revoke execute on function ${routine.signature} from public;\n-- and alter default privileges … revoke execute on functions from public`,
    attackable: true,
  };
}

/** A REVOKE that a later DROP took away with the function. */
function lostRevoke(moments: readonly Moment[], routine: Routine): { revoked: Moment; made: Moment } | null {
  let revoked: Moment | null = null;
  let dropped = false;
  let made: Moment | null = null;
  for (const { what, moment } of eventsOf(moments, routine)) {
    if (what === "revoked from public") [revoked, dropped, made] = [moment, false, null];
    else if (what === "granted to public") revoked = null;
    else if (what === "dropped") dropped = revoked !== null;
    else if ((what === "made" || what === "replaced") && dropped) made ??= moment;
  }
  return revoked !== null && made !== null ? { revoked, made } : null;
}
