/**
 * D2: CREATE OR REPLACE VIEW without WITH forgets security_invoker (and security_barrier) that an earlier statement gave, and says nothing. Silent
 * where a later statement gives it back.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { objectKey } from "../../history/object-key.ts";
import { openViews } from "../exposure/open-views.ts";
import { viewFinding } from "../exposure/view-finding.ts";
import { isInvokerView } from "../exposure/views.ts";
import { said, sqlName } from "../exposure/words.ts";
import { graphOf } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import { finalName, type Moment, timelineOf } from "../timeline/timeline.ts";

/** The rule. */
export const replacedView: Rule = {
  id: "D2",
  slug: "D2-replaced-view",
  title: "Replacing a view dropped security_invoker",
  needs: "history",
  find: (facts) => {
    const moments = facts.history ? timelineOf(facts.history) : [];
    const given = new Map<string, Moment>();
    const lost = new Map<string, readonly [given: Moment, lost: Moment]>();
    for (const moment of moments) {
      const key = viewOf(moment, moments);
      const says = key === null ? null : saysInvoker(moment);
      if (key === null || says === null) continue;
      const before = given.get(key);
      if (says) given.set(key, moment);
      if (says) lost.delete(key);
      else if (before !== undefined && moment.type === "ViewStmt" && moment.node.replace === true)
        lost.set(key, [before, moment]);
    }
    return [...lost].flatMap(([key, [before, after]]) => finding(facts, key, before, after) ?? []);
  },
};

function finding(facts: Facts, key: string, before: Moment, { statement }: Moment): RuleFinding | null {
  const [schema = "", name = ""] = JSON.parse(key) as string[];
  const view = graphOf(facts).relation({ schema, name });
  if (view?.kind !== "v" || isInvokerView(view)) return null;
  const open = openViews(facts).find((each) => each.view === view);
  const leak = open === undefined ? null : viewFinding(open, () => true);
  return {
    object: { kind: "view", schema: view.schema, name: view.name },
    ...(leak?.table === undefined ? {} : { table: leak.table }),
    message: `View ${said(view)} lost security_invoker when it was replaced without WITH${
      leak === null ? "" : ": it reads as its owner now, and every tenant reaches every tenant's rows through it"
    }.`,
    severity: leak?.severity ?? "low",
    evidence: [
      `security_invoker was given at ${before.statement.place.file}:${before.statement.place.line}`,
      `replaced without it at ${statement.place.file}:${statement.place.line}`,
      ...(leak?.evidence ?? ["nothing that the application may reach is open by it today"]),
    ],
    keys: [objectKey.relation(view)],
    place: statement.place,
    fix: `alter view ${sqlName(view)} set (security_invoker = true);\n-- and repeat WITH (…) in every CREATE OR REPLACE VIEW`,
    attackable: leak !== null,
  };
}

/** The view that a statement makes or alters, by its name at the end. */
function viewOf(moment: Moment, moments: readonly Moment[]): string | null {
  const { type, node, at } = moment;
  const range = type === "ViewStmt" ? node.view : type === "AlterTableStmt" ? node.relation : undefined;
  const name = range === undefined ? null : moment.name(range as SyntaxNode);
  const last = name && finalName(moments, name, at);
  return last && JSON.stringify([last.schema, last.name]);
}

/** Whether it gives the option, takes it (also by leaving it out), or has nothing to do with it. */
function saysInvoker({ type, node }: Moment): boolean | null {
  const gives = (options: unknown): boolean =>
    ((options ?? []) as SyntaxNode[]).some(
      ({ DefElem: option }) =>
        option?.defname === "security_invoker" &&
        !/^(false|off|0|no)$/i.test(String(option.arg?.String?.sval ?? option.arg?.Integer?.ival ?? "true")),
    );
  if (type === "ViewStmt") return gives(node.options);
  for (const { AlterTableCmd: command } of (node.cmds ?? []) as SyntaxNode[]) {
    const items = command?.def?.List?.items as SyntaxNode[] | undefined;
    const named = items?.some(({ DefElem: option }) => option?.defname === "security_invoker");
    if (named) return command?.subtype === "AT_SetRelOptions" && gives(items);
  }
  return null;
}
