/**
 * C4: a block with an exception handler is a savepoint. A context that was set inside of it falls back, when an error is caught, to the one before:
 * what follows works for the previous tenant. Set the context once, first, outside of every block that catches.
 */
import { objectKey } from "../../history/object-key.ts";
import { said } from "../exposure/words.ts";
import { plpgsqlTree } from "../predicate/read-plpgsql.ts";
import type { Rule, RuleFinding } from "../rule.ts";
import { inOrder } from "../session/in-order.ts";
import { settingFunctions } from "../session/settings.ts";

/** The rule. */
export const contextInExceptionBlock: Rule = {
  id: "C4",
  slug: "C4-context-in-exception-block",
  title: "A caught error restores the previous context",
  needs: "catalog",
  find: (facts) =>
    settingFunctions(facts).flatMap(({ routine }): RuleFinding[] => {
      const tree = routine.language === "plpgsql" ? plpgsqlTree(routine) : null;
      if (tree === null || !fallsBack(inOrder(tree))) return [];
      return [
        {
          object: { kind: "function", schema: routine.schema, name: routine.name },
          message: `${said(routine)}() sets the context inside a block that catches errors, and works on after it: a caught error brings the previous tenant back.`,
          severity: "medium",
          evidence: [
            `in the body of ${routine.signature} the context is set in a block with EXCEPTION, and a query follows the block`,
          ],
          keys: [objectKey.routine(routine.signature)],
          fix: "set the context before the block, or raise again in the handler",
          attackable: true,
        },
      ];
    }),
};

/** Set at a depth, the error caught there, and then a statement. Each handler starts from what its block did; what goes on is any of them. */
function fallsBack(events: ReturnType<typeof inOrder>): boolean {
  let setAt = -1;
  let fallen = false;
  const blocks: { readonly setAt: number; readonly fallen: boolean; out: boolean }[] = [];
  for (const event of events) {
    const block = blocks.at(-1);
    if (event.kind === "setting") {
      // set again after the block: the right tenant once more
      if (event.depth === 0) fallen = false;
      setAt = event.depth;
    } else if (event.kind === "tried") blocks.push({ setAt, fallen, out: fallen });
    else if (event.kind === "caught" && block !== undefined) {
      fallen = block.fallen || block.setAt > event.depth;
      setAt = Math.min(block.setAt, event.depth);
    } else if (event.kind === "handled" && block !== undefined) block.out ||= fallen && !event.returns;
    else if (event.kind === "ended" && block !== undefined) {
      // where nothing failed the setting has outlived its block, and a later block does not take it back
      setAt = Math.min(block.setAt, event.depth);
      fallen = block.out;
      blocks.pop();
    } else if (event.kind === "statement" && fallen) return true;
  }
  return false;
}
