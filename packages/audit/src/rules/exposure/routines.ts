/** Functions as findings name them, and whether somebody can make them run. */
import type { Relation, Routine } from "@watertight/schema";
import type { AccessMode } from "../bodies/accesses.ts";
import type { CheckLevel } from "../bodies/caller-check.ts";
import { type Touch, touchesOf } from "../bodies/touches.ts";
import { graphOf } from "../judge/tenant-rows.ts";
import type { Facts, FindingObject } from "../rule.ts";
import { type Exposure, exposureTo } from "./exposure.ts";
import { exposedBehind, isInvokerView } from "./views.ts";

/** A function as the object of a finding; its arguments only where the name alone is not enough. */
export function routineObject({ snapshot }: Facts, routine: Routine): FindingObject {
  const { schema, name } = routine;
  const alone = snapshot.routines.filter((each) => each.schema === schema && each.name === name).length === 1;
  return { kind: "function", schema, name, ...(alone ? {} : { part: `(${routine.arguments.join(", ")})` }) };
}

/** Whether it is only ever run by a trigger. */
export function isTriggerFunction({ returns }: Routine): boolean {
  return returns === "trigger" || returns === "event_trigger";
}

/** Rows of all tenants that a function works on, with the check that stands before. */
export interface ExposedTouch {
  readonly table: Relation;
  readonly mode: AccessMode;
  readonly check: CheckLevel;
  readonly exposure: Exposure;
  readonly touch: Touch;
}

/** What a definer function reaches of other tenants because it runs as its owner. */
export function exposedTouches(facts: Facts, routine: Routine): ExposedTouch[] {
  return touchesOf(facts, routine).flatMap((touch): ExposedTouch[] => {
    const { relation, mode, check } = touch;
    if (relation.kind === "v" && isInvokerView(relation))
      return relation.reads.flatMap((name) => {
        const table = graphOf(facts).relation(name);
        return table === undefined ? [] : exposed(table);
      });
    if (relation.kind === "v" || relation.kind === "m")
      return exposedBehind(facts, relation).map(({ table, exposure, check: own }) => ({
        table,
        mode,
        check: own === "tenant" ? own : check,
        exposure,
        touch,
      }));
    return exposed(relation);

    function exposed(table: Relation): ExposedTouch[] {
      const exposure = exposureTo(facts, routine.owner, table, mode);
      return exposure === null ? [] : [{ table, mode, check, exposure, touch }];
    }
  });
}
