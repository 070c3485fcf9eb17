/**
 * B16: a function that reads the session or a table and says IMMUTABLE. PostgreSQL believes it and folds the call into the plan: a prepared
 * statement or a PL/pgSQL function that was planned for one tenant then serves its rows to the next one. Ad-hoc SQL is right, so tests pass.
 */
import { objectKey } from "../../history/object-key.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { guardedBy, type Helper, helpersOf, readsOf } from "../predicate/helpers.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const immutableHelper: Rule = {
  id: "B16",
  slug: "B16-immutable-helper",
  title: "A helper of policies reads the context and says IMMUTABLE",
  needs: "catalog",
  find: (facts) => helpersOf(facts).flatMap((helper) => finding(facts, helper) ?? []),
};

function finding(facts: Facts, helper: Helper): RuleFinding | null {
  const { routine } = helper;
  if (routine.volatility !== "immutable") return null;
  const reads = deep(facts, helper);
  const tables = guardedBy(facts, helper);
  if (reads.length === 0) return null;
  const [table] = tables;
  return {
    object: { kind: "function", schema: routine.schema, name: routine.name },
    ...(table === undefined ? {} : { table: { schema: table.schema, name: table.name } }),
    message: `${said(routine)}() reads ${listed(reads)} and says IMMUTABLE: a prepared statement keeps the first tenant's answer and serves ${table === undefined ? "its" : `${said(table)}'s`} rows to the next one.`,
    severity: tables.length > 0 ? "critical" : "medium",
    evidence: [
      `${routine.signature} is immutable`,
      `used by ${listed(helper.policies.map(({ name, relation }) => `policy ${name} on ${said(relation)}`))}`,
    ],
    keys: [objectKey.routine(routine.signature)],
    fix: `alter function ${sqlName(routine)}(${routine.arguments.join(", ")}) stable`,
    attackable: tables.length > 0,
  };
}

/** What it reads, itself or through the functions that it calls and that policies therefore call. */
function deep(facts: Facts, { routine, policies }: Helper): string[] {
  const own = readsOf(routine);
  if (own.session.length + own.tables.length > 0) return [...own.session, ...own.tables];
  const below = helpersOf(facts).filter(
    (other) =>
      other.routine !== routine &&
      other.routine.volatility !== "immutable" &&
      other.policies.some((each) => policies.includes(each)) &&
      routine.body.includes(other.routine.name),
  );
  return below.map((other) => `${said(other.routine)}()`);
}
