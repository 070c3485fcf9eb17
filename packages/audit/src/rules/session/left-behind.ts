/**
 * Findings for functions that leave the context set behind them. One form for set_config and SET: the harm is the same. Taking the context away
 * leaves nobody behind.
 */
import type { Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { listed } from "../exposure/words.ts";
import type { Facts, RuleFinding } from "../rule.ts";
import { settingFunctions, type SettingStep } from "./settings.ts";

/** Functions whose setting of this form outlives the transaction. A function with its own SET clause for it puts it back. */
export function leftBehind(
  facts: Facts,
  by: SettingStep["by"],
  words: (routine: Routine, names: string) => Pick<RuleFinding, "message" | "fix">,
): RuleFinding[] {
  return settingFunctions(facts).flatMap(({ routine, steps }): RuleFinding[] => {
    const own = new Set(routine.settings.map((each) => each.split("=")[0]!.toLowerCase()));
    const names = steps.flatMap((step) =>
      step.by === by &&
      step.scope === "session" &&
      !step.clears &&
      step.name !== null &&
      !own.has(step.name.toLowerCase())
        ? [step.name]
        : [],
    );
    if (names.length === 0) return [];
    return [
      {
        object: { kind: "function", schema: routine.schema, name: routine.name },
        ...words(routine, listed([...new Set(names)])),
        severity: "high",
        evidence: [`the body of ${routine.signature} sets ${listed(names)} for the session`],
        keys: [objectKey.routine(routine.signature)],
        attackable: true,
      },
    ];
  });
}
