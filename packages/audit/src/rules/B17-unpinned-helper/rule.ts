/**
 * B17: a helper of policies that runs as its caller, with a body of text and names without a schema. The caller chooses what the names mean: a
 * temporary table called like the membership table makes the policy true. Bodies of BEGIN ATOMIC, qualified names and a fixed search_path hold.
 * Definers are D5's.
 */
import { objectKey } from "../../history/object-key.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { guardedBy, type Helper, helpersOf, readsOf, sendsSql } from "../predicate/helpers.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const unpinnedHelper: Rule = {
  id: "B17",
  slug: "B17-unpinned-helper",
  title: "A helper of policies looks names up as its caller says",
  needs: "catalog",
  find: (facts) => helpersOf(facts).flatMap((helper) => finding(facts, helper) ?? []),
};

function finding(facts: Facts, helper: Helper): RuleFinding | null {
  const { routine } = helper;
  const pinned = routine.atomic || routine.settings.some((each) => /^search_path=/i.test(each));
  const tables = guardedBy(facts, helper);
  if (routine.securityDefiner || pinned || tables.length === 0) return null;
  if (routine.language !== "sql" && routine.language !== "plpgsql") return null;
  const { unqualified } = readsOf(routine);
  const creatable = facts.snapshot.schemas.flatMap(({ name }) => (facts.reach.canCreateIn(name) ? [name] : []));
  const temp = facts.reach.canMakeTemp();
  const shadow = unqualified.length > 0 && (temp || creatable.length > 0);
  // with a schema of its own the caller shadows functions and operators, too: set search_path = own, pg_catalog
  if (!shadow && creatable.length === 0) return null;
  const [table] = tables as [(typeof tables)[number]];
  return {
    object: { kind: "function", schema: routine.schema, name: routine.name },
    table: { schema: table.schema, name: table.name },
    message: shadow
      ? `${said(routine)}() reads ${listed(unqualified)} without a schema and as its caller: a ${temp ? "temporary table" : `table in ${listed(creatable)}`} of that name decides who sees ${said(table)}.`
      : `${said(routine)}() looks functions and operators up as its caller says, who may create some in ${listed(creatable)}: they decide who sees ${said(table)}.`,
    severity: shadow && sendsSql(facts) ? "high" : "medium",
    evidence: [
      `${routine.signature} has no search_path of its own`,
      ...(temp ? ["the application may create temporary tables"] : []),
      ...(creatable.length > 0 ? [`the application may create in ${listed(creatable)}`] : []),
    ],
    keys: [objectKey.routine(routine.signature)],
    fix: `alter function ${sqlName(routine)}(${routine.arguments.join(", ")}) set search_path = '';\n-- and write its names with their schemas`,
    attackable: shadow,
  };
}
